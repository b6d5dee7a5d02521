import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError } from '../../common/errors/factory-error.ts';

/** The name of the checksum list in an output directory. */
export const SUMS = 'SHA256SUMS';
/** The name of the build manifest, which the checksum list may leave out. */
export const MANIFEST = 'manifest.json';
/** The extension of a bundle. */
export const BUNDLE_ENDING = '.sigstore.json';
/** The directory of the evidence of a proof: consoles, pictures, a JUnit file. */
export const EVIDENCE = 'proof';
/** The ending of the name of a statement with test results. */
export const TEST_RESULT_ENDING = 'test-result.json';
/** The index of an image layout, which pins the rest of the layout. */
const LAYOUT_INDEX = /^(.+)\/index\.json$/;

/** A line of `SHA256SUMS`. */
export interface ListedFile {
  /** Relative to the directory. */
  readonly name: string;
  readonly sha256: string;
}

/**
 * The name of the bundle of a file. For an image layout it is next to the layout's directory, because the directory as a
 * whole is the artifact.
 */
export function bundleName(name: string): string {
  return `${LAYOUT_INDEX.exec(name)?.[1] ?? name}${BUNDLE_ENDING}`;
}

/** The directory of the image layout whose index the listed file is; `undefined` for other files. */
export function layoutOf(name: string): string | undefined {
  return LAYOUT_INDEX.exec(name)?.[1];
}

/** Whether a file name is a bundle's. */
export function isBundleName(name: string): boolean {
  return name.endsWith(BUNDLE_ENDING);
}

/**
 * Reads `SHA256SUMS`.
 * @returns `undefined` when the directory has none
 * @throws FactoryError `verification` as `parseSums` does, and when it is not a regular file
 */
export async function readSums(directory: string): Promise<ListedFile[] | undefined> {
  const file = join(directory, SUMS);
  const stats = await lstat(file).catch(() => undefined);
  if (stats === undefined) return undefined;
  if (!stats.isFile()) throw wrong(file, 'is not a regular file');
  return parseSums(await readFile(file, 'utf8'), file);
}

/**
 * Parses the text of `SHA256SUMS` (coreutils, sha256sum(1)).
 * @param place name of the file for messages
 * @throws FactoryError `verification` for malformed lines, names outside the directory, and duplicate names
 */
export function parseSums(text: string, place: string): ListedFile[] {
  const names = new Set<string>();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, sha256 = '', name = ''] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
      if (!isInside(name)) throw wrong(place, `has an invalid line: ${JSON.stringify(line.slice(0, 200))}`);
      if (names.has(name)) throw wrong(place, `lists ${name} twice`);
      names.add(name);
      return { name, sha256 };
    });
}

function wrong(place: string, problem: string): FactoryError {
  return new FactoryError('SIGNED_LIST_INVALID', `${place} ${problem}`, {
    remedy: 'Restore the list that the build wrote, or build again.',
  });
}

function isInside(name: string): boolean {
  const parts = name.split('/');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this rejects.
  return name !== '' && !/[\x00-\x1f\\]/.test(name) && !parts.some((part) => ['', '.', '..'].includes(part));
}
