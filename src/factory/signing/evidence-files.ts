import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EVIDENCE, isBundleName, type ListedFile, TEST_RESULT_ENDING } from './output-files.ts';

/**
 * The evidence of the proof of a build: consoles, pictures, a JUnit file. It differs each time, so that the list of the build
 * names only the statement; evidence without a listed statement is of another build.
 * @returns names relative to the output directory
 */
export async function evidenceFiles(directory: string, listed: readonly ListedFile[]): Promise<string[]> {
  if (!listed.some(({ name }) => name.endsWith(`.${TEST_RESULT_ENDING}`))) return [];
  const names = await readdir(join(directory, EVIDENCE)).catch(() => []);
  return names
    .filter((name) => !isBundleName(name))
    .sort()
    .map((name) => join(EVIDENCE, name));
}
