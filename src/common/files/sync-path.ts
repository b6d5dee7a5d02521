import { lstat, mkdir, open, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Errors of filesystems that cannot sync a directory, such as some over a network (fsync(2)). */
const NO_DIRECTORY_SYNC = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'EBADF', 'EISDIR']);
/** Concurrent calls share the commits of the filesystem's journal. */
const AT_ONCE = 16;

/** Waits until the content of a file, or the entries of a directory, are on the disk (fsync(2)). */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Waits until the entries of a directory are on the disk, where its filesystem can do that. */
export async function syncDirectory(path: string): Promise<void> {
  await syncPath(path).catch((error: NodeJS.ErrnoException) => {
    if (!NO_DIRECTORY_SYNC.has(error.code ?? '')) throw error;
  });
}

/** Waits until a file, or a directory with everything below it, is on the disk. */
export async function syncTree(path: string): Promise<void> {
  const stats = await lstat(path);
  if (stats.isFile()) return await syncPath(path);
  if (!stats.isDirectory()) return;
  const names = await readdir(path);
  for (let first = 0; first < names.length; first += AT_ONCE) {
    await Promise.all(names.slice(first, first + AT_ONCE).map((name) => syncTree(join(path, name))));
  }
  await syncDirectory(path);
}

/**
 * Creates a directory and its parents; their names survive a power cut. (The recursive `mkdir` of Node.js never returns where
 * the kernel creates nothing, as in `/proc`.)
 * @returns the first that was created
 * @throws the error of the filesystem, also when a file has the name of one of them
 */
export async function makeDirectory(path: string, mode = 0o777): Promise<string | undefined> {
  const failure = await tryMakeDirectory(path, mode);
  if (failure === 'there') return undefined;
  if (failure === undefined) {
    await syncDirectory(dirname(path));
    return path;
  }
  if (failure.code !== 'ENOENT' || path === dirname(path)) throw failure;
  const first = await makeDirectory(dirname(path), mode);
  const again = await tryMakeDirectory(path, mode);
  if (again instanceof Error) throw again;
  await syncDirectory(dirname(path));
  return first ?? path;
}

async function tryMakeDirectory(
  path: string,
  mode: number,
): Promise<'there' | NodeJS.ErrnoException | undefined> {
  try {
    await mkdir(path, { mode });
    return undefined;
  } catch (error) {
    const failure = error as NodeJS.ErrnoException;
    if (failure.code === 'ENOENT' || failure.code === 'ENOTDIR') return failure;
    // An existing directory, also one of a filesystem that cannot be written to.
    const stats = await stat(path).catch(() => undefined);
    return stats?.isDirectory() ? 'there' : failure;
  }
}
