import { lstat, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';

const LINK_LIMIT = 40;

/**
 * Resolves a path in an untrusted root as a process with that root directory would: symbolic links, even absolute ones,
 * never lead outside of the root.
 * @param path absolute path inside the root
 * @returns the host path; `undefined` when it does not exist or its links form a loop
 */
export async function resolveInRoot(root: string, path: string): Promise<string | undefined> {
  let pending = path.split('/').filter(Boolean);
  let resolved = '/';
  let followed = 0;
  while (pending.length > 0) {
    const [part = '', ...rest] = pending;
    pending = rest;
    const candidate = posix.join(resolved, part);
    const stats = await lstat(join(root, candidate)).catch(() => undefined);
    if (!stats) return undefined;
    if (!stats.isSymbolicLink()) {
      resolved = candidate;
      continue;
    }
    followed += 1;
    if (followed > LINK_LIMIT) return undefined;
    const target = await readlink(join(root, candidate));
    if (target.startsWith('/')) resolved = '/';
    pending = [...target.split('/').filter((step) => step !== '' && step !== '.'), ...pending];
  }
  return join(root, resolved);
}
