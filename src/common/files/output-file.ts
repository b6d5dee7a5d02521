import { lstat, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FactoryError } from '../errors/factory-error.ts';
import { syncDirectory, syncTree } from './sync-path.ts';

/**
 * Moves finished content to its final path: readers see the old or the new content, never a partial one, and after a power
 * cut too (docs/decisions/0005-whole-or-not-at-all.md). The content is on the disk before it gets its name, and the name
 * when the function returns. While a directory replaces another, there can be neither of them.
 * @param partial the finished file or directory under its temporary name, in the same directory as `final`
 * @param epoch the Unix timestamp to set, if any
 * @throws FactoryError `usage` when a directory is in the way of a file
 */
export async function putInPlace(partial: string, final: string, epoch?: number): Promise<void> {
  const isDirectory = (await lstat(partial)).isDirectory();
  if (epoch !== undefined) await utimes(partial, epoch, epoch);
  await syncTree(partial);
  const there = await lstat(final).catch(() => undefined);
  if (!isDirectory && there?.isDirectory()) throw inTheWay(final);
  // Moved aside as a whole: a half-removed tree never has the final name.
  const old = isDirectory && there !== undefined ? `${partial}.old` : undefined;
  if (old !== undefined) await rename(final, old);
  await rename(partial, final);
  await syncDirectory(dirname(final));
  if (old !== undefined) await rm(old, { recursive: true, force: true });
}

/** Writes a file as {@link putInPlace} does. @param partial its temporary name, in the same directory */
export async function writeInPlace(
  final: string,
  content: string | Uint8Array,
  {
    partial,
    mode = 0o666,
    epoch,
  }: { readonly partial: string; readonly mode?: number; readonly epoch?: number },
): Promise<void> {
  await writeFile(partial, content, { mode });
  await putInPlace(partial, final, epoch);
}

function inTheWay(final: string): FactoryError {
  return new FactoryError('OUTPUT_UNWRITABLE', `cannot write ${final}: a directory has this name`, {
    remedy: 'Rename or remove the directory, or choose another --output.',
  });
}
