import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { bundleName, SUMS } from '../../signing/output-files.ts';
import { parseChecksums } from './checksums.ts';
import { RELEASE_FILE, UNFINISHED_FILE } from './file-names.ts';

/** What a folder for a release has now. Paths are relative to it. */
export interface FolderState {
  /** Whether it is a whole release, as far as its marks say. */
  readonly isFinished: boolean;
  /** Whether it is one that was begun. */
  readonly isUnfinished: boolean;
  readonly files: readonly string[];
  /** Files that no release put there, as far as it can be told. */
  readonly foreign: readonly string[];
}

/** What the first line of an unfinished release is. */
const MARK = 'This release is not finished. Do not publish it.';
const FILES_MARK = 'Files of this release, which a finished one does not have all the same:';

/** Names that belong to a run that is writing, or to one that was killed. */
function isTransient(path: string): boolean {
  return path === '.kairos-factory.lock' || path.startsWith('.partial-');
}

/**
 * Looks at a folder, which need not be there: everything follows from its files.
 * @throws FactoryError `verification` when its list of checksums is none
 */
export async function readFolderState(folder: string): Promise<FolderState> {
  const files = await filesOf(folder);
  const has = new Set(files);
  const isUnfinished = has.has(UNFINISHED_FILE);
  const marked = isUnfinished ? markedFiles(await readFile(join(folder, UNFINISHED_FILE), 'utf8')) : [];
  const place = join(folder, SUMS);
  const summed = has.has(SUMS) ? parseChecksums(await readFile(place, 'utf8'), place) : [];
  const named = [...marked, ...summed.map(({ file }) => file), SUMS, UNFINISHED_FILE, RELEASE_FILE];
  const ours = new Set(named.flatMap((name) => [name, bundleName(name)]));
  // The index of an image layout speaks for all of it.
  const layouts = named.filter((name) => name.endsWith('.oci/index.json')).map((name) => dirname(name));
  return {
    isFinished: !isUnfinished && has.has(SUMS) && has.has(RELEASE_FILE),
    isUnfinished,
    files,
    foreign: files.filter(
      (file) => !ours.has(file) && !layouts.some((layout) => file.startsWith(`${layout}/`)),
    ),
  };
}

/**
 * @throws FactoryError `usage` when a folder holds what is none of a release's: nothing is removed or published that
 *   somebody else put there
 */
export function requireOwnFolder(folder: string, { foreign, isFinished, isUnfinished }: FolderState): void {
  if (foreign.length === 0) return;
  const isOther = !isFinished && !isUnfinished;
  const problem = isOther ? 'is not empty, and no release' : 'has files that no release put there';
  throw new FactoryError('FILE_EXISTS', `${folder} ${problem}`, {
    details: foreign.slice(0, 10),
    remedy: 'Move them away, or name another folder with --output.',
  });
}

/**
 * The text that marks a folder as unfinished.
 * @param missing names of targets that are not there yet
 * @param files all that lies or is going to lie there: a later run may remove it
 */
export function renderUnfinished(missing: readonly string[], files: readonly string[]): string {
  return [
    MARK,
    'Run the same "kairos-factory release" again: it goes on where it was, and this file goes when all is there and verified.',
    ...(missing.length === 0 ? [] : ['', `Targets that are missing: ${missing.join(', ')}`]),
    '',
    FILES_MARK,
    ...[...new Set(files)].sort(),
    '',
  ].join('\n');
}

function markedFiles(text: string): string[] {
  const lines = text.split('\n');
  const start = lines[0] === MARK ? lines.indexOf(FILES_MARK) : -1;
  return start < 0 ? [] : lines.slice(start + 1).filter((line) => line !== '');
}

/** All files below a folder but those of runs; whatever is no directory counts. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    },
  );
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => !isTransient(path))
    .sort();
}
