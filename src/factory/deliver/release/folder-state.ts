import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { FactoryError, reasonOf } from '../../../common/errors/factory-error.ts';
import { bundleName, SUMS } from '../../signing/output-files.ts';
import { parseChecksums } from './checksums.ts';
import { RELEASE_FILE, UNFINISHED_FILE } from './file-names.ts';

/** The current state of a release folder. Paths are relative to the folder. */
export interface FolderState {
  /** Whether the folder holds a finished release, according to its marker files. */
  readonly isFinished: boolean;
  /** Whether the folder holds a release that an earlier run started. */
  readonly isUnfinished: boolean;
  /** All files in the folder, except those of a running or killed process. */
  readonly files: readonly string[];
  /** Files that belong to no known release. */
  readonly foreign: readonly string[];
}

/** The first line of `UNFINISHED`; later runs recognise it. */
const MARK = 'This release is not finished. Do not publish it.';
const FILES_MARK = 'Files of this release, which a finished one does not have all the same:';

/** Whether a file belongs to a process that is still writing, or that was killed. */
function isTransient(path: string): boolean {
  return path === '.kairos-factory.lock' || path.startsWith('.partial-');
}

/**
 * Reads the state of a release folder from its files; a folder that does not exist is empty.
 * @throws FactoryError `usage` when it cannot be read, `verification` when `SHA256SUMS` is malformed
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
  // SHA256SUMS lists only the index of an image layout; the index covers the rest.
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
 * Refuses a folder with files that no release wrote, because a release neither removes nor publishes such files.
 * @throws FactoryError `usage` that names these files
 */
export function requireOwnFolder(folder: string, { foreign, isFinished, isUnfinished }: FolderState): void {
  if (foreign.length === 0) return;
  const isOther = !isFinished && !isUnfinished;
  const problem = isOther
    ? 'is not empty and is not a release'
    : 'has files that do not belong to the release';
  throw new FactoryError('FILE_EXISTS', `${folder} ${problem}`, {
    details: foreign.slice(0, 10),
    remedy: 'Move these files away, or name another folder with --output.',
  });
}

/**
 * Renders the `UNFINISHED` file.
 * @param missing names of the targets that are not built yet
 * @param files all present and planned files of the folder: a later run may remove them
 */
export function renderUnfinished(missing: readonly string[], files: readonly string[]): string {
  return [
    MARK,
    'Run the same "kairos-factory release" again to continue. It removes this file when the release is complete and verified.',
    ...(missing.length === 0 ? [] : ['', `Missing targets: ${missing.join(', ')}`]),
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

/** All entries below a folder except directories and the files of running or killed processes. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw new FactoryError('FILE_NOT_FOUND', `the folder ${folder} cannot be read: ${reasonOf(error)}`, {
        remedy: 'Name a folder that does not exist yet, or that of an earlier release.',
        cause: error,
      });
    },
  );
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => !isTransient(path))
    .sort();
}
