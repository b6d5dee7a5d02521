import { lstat, mkdir, open, readdir } from 'node:fs/promises';
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

/** Creates a directory and its parents; their names survive a power cut. @returns the first that was created */
export async function makeDirectory(path: string, mode = 0o777): Promise<string | undefined> {
  const first = await mkdir(path, { recursive: true, mode });
  if (first === undefined) return undefined;
  for (let above = dirname(path); above.length >= dirname(first).length; above = dirname(above)) {
    await syncDirectory(above);
    if (above === dirname(above)) break;
  }
  return first;
}
