import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import { printable } from '../../../common/trust/judge.ts';
import type { TrustRule } from '../../../common/trust/policy.ts';
import { notABuildOutput } from '../../signing/not-a-build-output.ts';
import {
  bundleName,
  isBundleName,
  type ListedFile,
  layoutOf,
  MANIFEST,
  readSums,
  SUMS,
} from '../../signing/output-files.ts';
import { manifestProblems } from './manifest-problems.ts';
import { type CheckedFile, checkFile, type FileCheck, type Findings, namesOf } from './verify-files.ts';
import { checkLayout } from './verify-layout.ts';

/** The lock file of a running process. */
const LOCK = '.kairos-factory.lock';

/**
 * Verifies the output of a build: the signature of `SHA256SUMS`, and that every listed file exists, has the listed sha256
 * and has its own signature. Checks every blob of an image layout too, and that `manifest.json` is of the same build. A file
 * that is signed but not listed is marked as such; one that is neither is an error, because its origin is unknown. A directory without a list may contain output directories, as a build of several
 * targets writes them.
 * @throws FactoryError `verification` that lists every problem, `usage` when the directory is not the output of a build
 */
export async function verifyOutput(
  directory: string,
  signers: TrustRule,
  signal: AbortSignal,
): Promise<readonly CheckedFile[]> {
  const { files, problems } = await verifyDirectory(directory, '', { signers, signal });
  if (files.length === 0 && problems.length === 0) {
    throw notABuildOutput(directory);
  }
  if (problems.length === 0) return files;
  throw new FactoryError('SIGNATURE_REFUSED', `${directory} does not match what ${namesOf(signers)} signed`, {
    details: problems.map(printable),
    remedy:
      'Fetch the named files again from the publisher. Remove unlisted files, or sign them if they are yours.',
  });
}

async function verifyDirectory(root: string, below: string, check: FileCheck): Promise<Findings> {
  const directory = join(root, below);
  const listed = await readSums(directory).catch((error: unknown) => messageOf(error));
  if (typeof listed === 'string') return { files: [], problems: [listed] };
  const known = new Set<string>([LOCK]);
  const findings: Findings[] = [];
  for (const entry of listed === undefined ? [] : [{ name: SUMS }, ...listed]) {
    known.add(entry.name).add(bundleName(entry.name));
    findings.push(await checkFile(directory, entry, check));
    const layout = layoutOf(entry.name);
    if (layout === undefined) continue;
    const { files, problems } = await checkLayout(join(directory, layout), check.signal);
    for (const name of files) known.add(`${layout}/${name}`);
    findings.push({ files: [], problems: problems.map((problem) => `${layout}/${problem}`) });
  }
  findings.push(await checkRest(directory, { known, listed }, check));
  return {
    files: findings.flatMap(({ files }) => files).map((file) => ({ ...file, name: join(below, file.name) })),
    problems: findings.flatMap(({ problems }) => problems).map((text) => (below ? `${below}/${text}` : text)),
  };
}

interface Rest {
  /** Files that `SHA256SUMS` covers. */
  readonly known: ReadonlySet<string>;
  /** The content of `SHA256SUMS`; `undefined` when the directory has none. */
  readonly listed: readonly ListedFile[] | undefined;
}

/** Checks the files that the list does not cover: files with their own signature, outputs of other targets, unknown files. */
async function checkRest(directory: string, { known, listed }: Rest, check: FileCheck): Promise<Findings> {
  const files: CheckedFile[] = [];
  const problems: string[] = [];
  const others = new Set<string>();
  const add = (found: Findings) => {
    files.push(...found.files);
    problems.push(...found.problems);
  };
  const walk = async (place: string): Promise<void> => {
    for (const entry of await readdir(join(directory, place), { withFileTypes: true })) {
      const name = join(place, entry.name);
      if (known.has(name)) continue;
      if (!entry.isDirectory()) others.add(name);
      else if (await hasSums(join(directory, name))) add(await verifyDirectory(directory, name, check));
      else await walk(name);
    }
  };
  await walk('');
  // The caller refuses a directory that neither is nor contains an output.
  if (listed === undefined && files.length + problems.length === 0) return { files: [], problems: [] };
  for (const name of [...others].sort()) {
    if (isBundleName(name) && others.has(name.replace(/\.sigstore\.json$/, ''))) continue;
    if (others.has(bundleName(name))) {
      const found = await checkFile(directory, { name }, check);
      const isManifest = name === MANIFEST && listed !== undefined;
      add(isManifest ? found : { ...found, files: found.files.map((file) => ({ ...file, listed: false })) });
      if (isManifest) problems.push(...(await manifestProblems(directory, listed)));
    } else problems.push(`${name} is neither listed in ${SUMS} nor signed`);
  }
  return { files, problems };
}

async function hasSums(directory: string): Promise<boolean> {
  return (await lstat(join(directory, SUMS)).catch(() => undefined)) !== undefined;
}
