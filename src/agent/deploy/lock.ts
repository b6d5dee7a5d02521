import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';

const LOCK = `${NODE_PATH.run}/kairos-agent.lock`;

/**
 * Locks the slots of a node against concurrent operations, until the lock is disposed of.
 * @throws FactoryError `usage` while another operation is running
 */
export async function lockNode(host: Host): Promise<AsyncDisposable> {
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
