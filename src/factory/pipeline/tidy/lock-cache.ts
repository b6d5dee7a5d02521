import { FactoryError } from '../../../common/errors/factory-error.ts';
import { takeLock } from '../../tools/kernel-lock.ts';
import type { Workspace } from '../workspace.ts';

/**
 * Takes the whole cache for one command: it is refused while another one runs, and one that starts meanwhile waits, because
 * each takes the same lock at its start.
 * @throws FactoryError `usage` while another command uses the cache
 */
export async function lockCache(workspace: Workspace): Promise<AsyncDisposable | undefined> {
  const lock = await takeLock(`${workspace.works}.lock`, { how: 'wait' });
  if (await workspace.alone()) return lock;
  await lock?.[Symbol.asyncDispose]();
  throw new FactoryError('CACHE_BUSY', `another command uses the cache ${workspace.root}`, {
    remedy: 'Wait until it has ended.',
  });
}
