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

/** How a release is verified. */
export interface VerifyOptions {
  readonly signal: AbortSignal;
  /** Whether the mark of an unfinished release is passed over, as by the run that is about to remove it. */
  readonly isBeingMade?: boolean;
}

/**
 * Verifies that a folder is a whole release: every file is there, is what `SHA256SUMS` and `release.json` say, signatures
 * are where `release.json` says, and nothing else is there. What signatures are worth is for others to say.
 * @returns what `release.json` says
 * @throws FactoryError `verification` that names everything that does not hold
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
    ...[...wanted].map(([file, sha256]) => limit(() => checkContent(folder, file, sha256, options.signal))),
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
  file: string,
  sha256: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const stats = await lstat(join(folder, file)).catch(() => undefined);
  if (stats === undefined) return `${file}: missing`;
  if (!stats.isFile()) return `${file}: no regular file`;
  const found = await hashFile(join(folder, file), signal);
  return found === sha256 ? undefined : `${file}: has sha256 ${found}, not ${sha256}`;
}

async function checkEntry(folder: string, { name, size }: ReleaseFile): Promise<string | undefined> {
  const stats = await lstat(join(folder, name)).catch(() => undefined);
  return stats && stats.size !== size ? `${name}: has ${stats.size} bytes, not ${size}` : undefined;
}

/** What one of the two lists has, and the other has not, or otherwise. */
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

/** Files that nothing speaks for. */
function foreignFiles(files: readonly string[], known: readonly string[]): string[] {
  const allowed = new Set([...known, SUMS].flatMap((name) => [name, bundleName(name)]));
  return files
    .filter((file) => !allowed.has(file) && file !== UNFINISHED_FILE)
    .map((file) => `${file}: belongs to no release`);
}

function refused(folder: string, problems: readonly string[]): FactoryError {
  return new FactoryError('RELEASE_INVALID', `${folder} is no whole release: ${problems.length} problem(s)`, {
    details: problems.slice(0, 50),
    remedy: 'Do not publish or use it. Make the release again, or copy it again from where it was made.',
  });
}
