import { rename, rm, stat, utimes } from 'node:fs/promises';
import { syncPath } from './sync-path.ts';

/**
 * Moves finished content to its final path atomically: readers see the old or the new file, never a partial one
 * (docs/decisions/0005-whole-or-not-at-all.md).
 * @param partial the finished file or directory under its temporary name
 * @param epoch the Unix timestamp to set
 */
export async function putInPlace(partial: string, final: string, epoch: number): Promise<void> {
  const isDirectory = (await stat(partial)).isDirectory();
  if (!isDirectory) await syncPath(partial);
  await utimes(partial, epoch, epoch);
  if (isDirectory) await rm(final, { recursive: true, force: true });
  await rename(partial, final);
}
