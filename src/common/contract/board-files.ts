import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

/**
 * What the firmware of a board wants on the EFI system partition, sorted by its path there.
 * @param directory host path of the image's `/usr/lib/kairos/esp`; an image for no board has none
 */
export async function boardFiles(
  directory: string | undefined,
): Promise<(readonly [path: string, source: string])[]> {
  if (directory === undefined) return [];
  const found = await readdir(directory, { recursive: true, withFileTypes: true });
  // Only files: a link of a foreign image may lead out of it.
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((source) => [relative(directory, source), source] as const);
}
