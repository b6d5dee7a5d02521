import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';

const LOCK = `${NODE_PATH.run}/kairos-agent.lock`;

/**
 * Keeps two operations on the slots of one node apart, until it is disposed of.
 * @throws FactoryError `usage` while another one is at work
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
    // The name of a process that was killed leads nowhere.
    if (holder === undefined || (await host.stat(`/proc/${holder}`)) !== undefined) {
      throw new FactoryError('NODE_BUSY', 'another installation, upgrade or reset is at work', {
        remedy: `Wait until process ${holder ?? 'of the other'} has ended.`,
      });
    }
    await rm(directory, { recursive: true, force: true });
    if (!(await take())) throw new FactoryError('NODE_BUSY', 'another operation has just begun');
  }
  await host.write(`${LOCK}/pid`, `${process.pid}\n`);
  return { [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}
