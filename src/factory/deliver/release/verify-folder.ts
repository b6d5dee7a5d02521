import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { hashFile } from '../../../common/files/digest.ts';
import { bundleName, SUMS } from '../../signing/output-files.ts';
import { parseChecksums } from './checksums.ts';
import { isListed, RELEASE_FILE, UNFINISHED_FILE } from './file-names.ts';
import { readFolderState } from './folder-state.ts';
import { parseRelease } from './read-release.ts';
import type { Release, ReleaseFile } from './schema.ts';

/** Options of {@link verifyReleaseFolder}. */
export interface VerifyOptions {
  readonly signal: AbortSignal;
  /** Whether to ignore the `UNFINISHED` file: for the process that is about to remove it. */
  readonly isBeingMade?: boolean;
}

/**
 * Verifies that a folder is a complete release: every file and signature of `SHA256SUMS` and `release.json` exists, every
 * file has its size and checksum, and there are no other files. It does not check the signatures themselves.
 * @returns the contents of `release.json`
 * @throws FactoryError `verification` that lists every problem
 */
export async function verifyReleaseFolder(folder: string, options: VerifyOptions): Promise<Release> {
  const state = await readFolderState(folder);
  const has = new Set(state.files);
  const isMarked = state.isUnfinished && !options.isBeingMade;
  if (isMarked) throw refused(folder, [`${UNFINISHED_FILE}: the release is not finished`]);
  const missing = [SUMS, RELEASE_FILE].filter((name) => !has.has(name));
  if (missing.length > 0)
    throw refused(
      folder,
      missing.map((name) => `${name}: missing`),
    );
  const read = (name: string) => readFile(join(folder, name), 'utf8');
  const release = parseRelease(await read(RELEASE_FILE), join(folder, RELEASE_FILE));
  const sums = parseChecksums(await read(SUMS), join(folder, SUMS));

  const files = [...release.targets.flatMap((target) => target.files), ...release.files];
  const wanted = new Map([
    ...files.map(({ name, sha256 }) => [name, sha256] as const),
    ...sums.map(({ file, sha256 }) => [file, sha256] as const),
  ]);
  const limit = pLimit(2);
  const problems = await Promise.all([
    ...[...wanted].map(([file, sha256]) =>
      limit(() => checkContent(folder, { file, sha256 }, options.signal)),
    ),
    ...files.map((file) => checkEntry(folder, file)),
  ]);
  const found = [...problems.filter((problem) => problem !== undefined), ...disagreements(files, sums)];
  for (const { signature } of files)
    if (signature !== undefined && !has.has(signature)) found.push(`${signature}: missing`);
  found.push(...foreignFiles(state.files, [...wanted.keys()]));
  if (found.length > 0) throw refused(folder, found);
  return release;
}

async function checkContent(
  folder: string,
  { file, sha256 }: { readonly file: string; readonly sha256: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  const stats = await lstat(join(folder, file)).catch(() => undefined);
  if (stats === undefined) return `${file}: missing`;
  if (!stats.isFile()) return `${file}: not a regular file`;
  const found = await hashFile(join(folder, file), signal);
  return found === sha256 ? undefined : `${file}: has sha256 ${found}, not ${sha256}`;
}

async function checkEntry(folder: string, { name, size }: ReleaseFile): Promise<string | undefined> {
  const stats = await lstat(join(folder, name)).catch(() => undefined);
  return stats && stats.size !== size ? `${name}: has ${stats.size} bytes, not ${size}` : undefined;
}

/** Entries that `SHA256SUMS` and `release.json` do not agree on. */
function disagreements(
  files: readonly ReleaseFile[],
  sums: readonly { readonly file: string; readonly sha256: string }[],
): string[] {
  const listed = new Map(sums.map(({ file, sha256 }) => [file, sha256]));
  const known = new Set([...files.map(({ name }) => name), RELEASE_FILE]);
  const differing = files.filter(({ name, role, sha256 }) => isListed(role) && listed.get(name) !== sha256);
  return [
    ...differing.map(({ name }) => `${name}: ${SUMS} and ${RELEASE_FILE} differ`),
    ...(listed.has(RELEASE_FILE) ? [] : [`${RELEASE_FILE}: not in ${SUMS}`]),
    ...sums.filter(({ file }) => !known.has(file)).map(({ file }) => `${file}: not in ${RELEASE_FILE}`),
  ];
}

/** Problems for files that neither list names. */
function foreignFiles(files: readonly string[], known: readonly string[]): string[] {
  const allowed = new Set([...known, SUMS].flatMap((name) => [name, bundleName(name)]));
  return files
    .filter((file) => !allowed.has(file) && file !== UNFINISHED_FILE)
    .map((file) => `${file}: not part of the release`);
}

function refused(folder: string, problems: readonly string[]): FactoryError {
  return new FactoryError(
    'RELEASE_INVALID',
    `${folder} is not a complete release: ${problems.length} problem(s)`,
    {
      details: problems.slice(0, 50),
      remedy: 'Do not publish or use it. Make the release again, or copy it again from its origin.',
    },
  );
}
