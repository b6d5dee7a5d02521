import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

/**
 * Lists the files that the firmware of a board needs on the EFI system partition, sorted by their paths there.
 * @param directory host path of the image's `/usr/lib/kairos/esp`; `undefined` for an image without a board
 */
export async function boardFiles(
  directory: string | undefined,
): Promise<(readonly [path: string, source: string])[]> {
  if (directory === undefined) return [];
  const found = await readdir(directory, { recursive: true, withFileTypes: true });
  // Only files: a link in an untrusted image may point outside of it.
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((source) => [relative(directory, source), source] as const);
}
