import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';

const LOCK = `${NODE_PATH.run}/kairos-agent.lock`;

/** How often a lock is tried, and the milliseconds in between: whoever reads the slots holds it for a moment. */
const TRIES = 10;
const PAUSE = 200;

/**
 * Locks the slots of a node against concurrent operations, until the lock is disposed of.
 * @param options.tries how often it is tried, in case of a command that only reads the slots
 * @throws FactoryError `usage` while another operation is running
 */
export async function lockNode(
  host: Host,
  { tries = TRIES }: { readonly tries?: number } = {},
): Promise<AsyncDisposable> {
  for (let left = tries; ; left -= 1) {
    try {
      return await takeLock(host);
    } catch (error) {
      if (left <= 1 || !(error instanceof FactoryError) || error.code !== 'NODE_BUSY') throw error;
      await host.sleep(PAUSE);
    }
  }
}

async function takeLock(host: Host): Promise<AsyncDisposable> {
  const directory = host.resolve(LOCK);
  await mkdir(dirname(directory), { recursive: true });
  const take = () =>
    mkdir(directory).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return false;
        throw error;
      },
    );
  if (!(await take())) {
    const holder = (await host.readText(`${LOCK}/pid`))?.trim();
    // A lock whose process no longer exists is stale.
    if (holder === undefined || (await host.stat(`/proc/${holder}`)) !== undefined) {
      throw new FactoryError('NODE_BUSY', 'another installation, upgrade or reset is running', {
        remedy:
          holder === undefined ? 'Wait until it has finished.' : `Wait until process ${holder} has finished.`,
      });
    }
    await rm(directory, { recursive: true, force: true });
    if (!(await take())) throw new FactoryError('NODE_BUSY', 'another operation has just started');
  }
  await host.write(`${LOCK}/pid`, `${process.pid}\n`);
  return { [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}
