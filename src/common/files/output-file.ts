import { open, rename, rm, stat, utimes } from 'node:fs/promises';

/**
 * Syncs and renames: a reader sees the old file or the new one, never a torn one
 * (docs/decisions/0005-whole-or-not-at-all.md).
 * @param partial the finished content, a file or a directory, under its unfinished name
 * @param epoch the time that it gets, in seconds since 1970
 */
export async function putInPlace(partial: string, final: string, epoch: number): Promise<void> {
  const isDirectory = (await stat(partial)).isDirectory();
  if (!isDirectory) {
    const handle = await open(partial, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
  await utimes(partial, epoch, epoch);
  if (isDirectory) await rm(final, { recursive: true, force: true });
  await rename(partial, final);
}
