import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError } from '../../common/errors/factory-error.ts';

/** The list of files and their sums in an output directory. */
export const SUMS = 'SHA256SUMS';
/** A file that describes the others, where the sums do not have it. */
export const MANIFEST = 'manifest.json';
/** What the name of a bundle ends in. */
export const BUNDLE_ENDING = '.sigstore.json';
/** The index of an image layout, which pins everything else of it. */
const LAYOUT_INDEX = /^(.+)\/index\.json$/;

/** A line of `SHA256SUMS`. */
export interface ListedFile {
  /** Relative to the directory. */
  readonly name: string;
  readonly sha256: string;
}

/**
 * The name of the bundle of a file. That of an image layout lies beside the layout's directory, which is an artifact as a
 * whole: nothing is put into it.
 */
export function bundleName(name: string): string {
  return `${LAYOUT_INDEX.exec(name)?.[1] ?? name}${BUNDLE_ENDING}`;
}

/** The directory of an image layout that a listed file is the index of. */
export function layoutOf(name: string): string | undefined {
  return LAYOUT_INDEX.exec(name)?.[1];
}

/** Whether a name is that of a bundle. */
export function isBundleName(name: string): boolean {
  return name.endsWith(BUNDLE_ENDING);
}

/**
 * Reads `SHA256SUMS`.
 * @returns `undefined` when the directory has none
 * @throws FactoryError `verification` as `parseSums` does, and when it is no regular file
 */
export async function readSums(directory: string): Promise<ListedFile[] | undefined> {
  const file = join(directory, SUMS);
  const stats = await lstat(file).catch(() => undefined);
  if (stats === undefined) return undefined;
  if (!stats.isFile()) throw wrong(file, 'is no regular file');
  return parseSums(await readFile(file, 'utf8'), file);
}

/**
 * Reads the text of `SHA256SUMS` (coreutils, sha256sum(1)).
 * @param place names the file in messages
 * @throws FactoryError `verification` for lines of another form, names that leave the directory, and names that come twice
 */
export function parseSums(text: string, place: string): ListedFile[] {
  const names = new Set<string>();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, sha256 = '', name = ''] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
      if (!isInside(name))
        throw wrong(place, `has a line that cannot be used: ${JSON.stringify(line.slice(0, 200))}`);
      if (names.has(name)) throw wrong(place, `lists ${name} twice`);
      names.add(name);
      return { name, sha256 };
    });
}

function wrong(place: string, problem: string): FactoryError {
  return new FactoryError('SIGNED_LIST_INVALID', `${place} ${problem}`, {
    remedy: 'Use the list that the build wrote; build again if it is damaged.',
  });
}

function isInside(name: string): boolean {
  const parts = name.split('/');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  return name !== '' && !/[\x00-\x1f\\]/.test(name) && !parts.some((part) => ['', '.', '..'].includes(part));
}
