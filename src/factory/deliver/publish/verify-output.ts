import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import type { TrustRule } from '../../../common/trust/policy.ts';
import { verifyFile } from '../../../common/trust/verify-file.ts';
import { printable } from '../../../common/trust/verify-image.ts';
import { notABuildOutput } from '../../signing/not-a-build-output.ts';
import {
  bundleName,
  isBundleName,
  type ListedFile,
  layoutOf,
  readSums,
  SUMS,
} from '../../signing/output-files.ts';
import { checkLayout } from './verify-layout.ts';

/** A file that is what its signer made. */
export interface CheckedFile {
  /** Relative to the directory. */
  readonly name: string;
  readonly sha256: string;
  /** The file name of the key, or the identity of a certificate. */
  readonly key: string;
  readonly fingerprint: string;
}

/** What is wrong with a file or a directory, and what is not. */
interface Findings {
  readonly files: readonly CheckedFile[];
  readonly problems: readonly string[];
}

/** The lock of a build that runs now, or of ours. */
const LOCK = '.kairos-factory.lock';

/**
 * Checks the output of a build: the signature of `SHA256SUMS`, and of every file in it that it is there, has the listed
 * sha256, and has a signature of its own. Every blob of an image layout is checked too. A file that neither the list nor
 * a signature vouches for is a failure, because nobody can say where it comes from. A directory without a list may hold
 * directories that have one, as a build of several targets makes them.
 * @throws FactoryError `verification` that names all that is wrong, `usage` when it is no output of a build
 */
export async function verifyOutput(
  directory: string,
  signers: TrustRule,
  signal: AbortSignal,
): Promise<readonly CheckedFile[]> {
  const { files, problems } = await verifyDirectory(directory, '', signers, signal);
  if (files.length === 0 && problems.length === 0) {
    throw notABuildOutput(directory);
  }
  if (problems.length === 0) return files;
  throw new FactoryError('SIGNATURE_REFUSED', `${directory} is not what ${namesOf(signers)} signed`, {
    details: problems.map(printable),
    remedy:
      'Fetch the named files again from who released them; remove those that are not listed, or sign what is yours.',
  });
}

/**
 * Checks single files by the bundles beside them.
 * @throws FactoryError `verification` that names all that is wrong
 */
export async function verifyFiles(
  names: readonly string[],
  signers: TrustRule,
  signal: AbortSignal,
): Promise<readonly CheckedFile[]> {
  const found: Findings[] = [];
  for (const name of names) found.push(await checkFile('', { name }, signers, signal));
  const problems = found.flatMap((each) => each.problems);
  if (problems.length === 0) return found.flatMap(({ files }) => files);
  throw new FactoryError('SIGNATURE_REFUSED', `not signed by ${namesOf(signers)}: ${names.join(', ')}`, {
    details: problems.map(printable),
    remedy:
      'Fetch file and bundle again from who released them; the bundle lies beside the file, as FILE.sigstore.json.',
  });
}

function namesOf({ keys, identities = [] }: TrustRule): string {
  return [...keys, ...identities].map(({ name }) => name).join(' or ');
}

async function verifyDirectory(
  root: string,
  below: string,
  signers: TrustRule,
  signal: AbortSignal,
): Promise<Findings> {
  const directory = join(root, below);
  const listed = await readSums(directory).catch((error: unknown) => messageOf(error));
  if (typeof listed === 'string') return { files: [], problems: [listed] };
  const known = new Set<string>([LOCK]);
  const findings: Findings[] = [];
  for (const entry of listed === undefined ? [] : [{ name: SUMS }, ...listed]) {
    known.add(entry.name).add(bundleName(entry.name));
    findings.push(await checkFile(directory, entry, signers, signal));
    const layout = layoutOf(entry.name);
    if (layout === undefined) continue;
    const { files, problems } = await checkLayout(join(directory, layout), signal);
    for (const name of files) known.add(`${layout}/${name}`);
    findings.push({ files: [], problems: problems.map((problem) => `${layout}/${problem}`) });
  }
  findings.push(await checkRest(root, below, known, listed !== undefined, signers, signal));
  return {
    files: findings.flatMap(({ files }) => files).map((file) => ({ ...file, name: join(below, file.name) })),
    problems: findings.flatMap(({ problems }) => problems).map((text) => (below ? `${below}/${text}` : text)),
  };
}

/** What the list does not name: files with a signature of their own, outputs of other targets, and what nobody knows. */
async function checkRest(
  root: string,
  below: string,
  known: ReadonlySet<string>,
  isOutput: boolean,
  signers: TrustRule,
  signal: AbortSignal,
): Promise<Findings> {
  const directory = join(root, below);
  const files: CheckedFile[] = [];
  const problems: string[] = [];
  const others = new Set<string>();
  const walk = async (place: string): Promise<void> => {
    for (const entry of await readdir(join(directory, place), { withFileTypes: true })) {
      const name = join(place, entry.name);
      if (known.has(name)) continue;
      if (!entry.isDirectory()) others.add(name);
      else if (await hasSums(join(directory, name))) {
        const found = await verifyDirectory(directory, name, signers, signal);
        files.push(...found.files);
        problems.push(...found.problems);
      } else await walk(name);
    }
  };
  await walk('');
  // A directory that is no output, and holds none, is for the caller to refuse.
  if (!isOutput && files.length + problems.length === 0) return { files: [], problems: [] };
  for (const name of [...others].sort()) {
    if (isBundleName(name) && others.has(name.replace(/\.sigstore\.json$/, ''))) continue;
    if (!others.has(bundleName(name))) {
      problems.push(`${name} is neither listed in ${SUMS} nor signed`);
      continue;
    }
    const found = await checkFile(directory, { name }, signers, signal);
    files.push(...found.files);
    problems.push(...found.problems);
  }
  return { files, problems };
}

async function hasSums(directory: string): Promise<boolean> {
  return (await lstat(join(directory, SUMS)).catch(() => undefined)) !== undefined;
}

async function checkFile(
  directory: string,
  { name, sha256: wanted }: { readonly name: string } & Partial<ListedFile>,
  signers: TrustRule,
  signal: AbortSignal,
): Promise<Findings> {
  const problem = (text: string): Findings => ({ files: [], problems: [`${name} ${text}`] });
  const file = join(directory, name);
  const stats = await lstat(file).catch(() => undefined);
  if (stats === undefined) return problem('is missing');
  if (!stats.isFile()) return problem('is not a regular file');
  if (signers.threshold > 1) return problem(`can have one signature, and ${signers.threshold} are asked for`);
  const bundle = join(directory, bundleName(name));
  const bundleStats = await lstat(bundle).catch(() => undefined);
  if (bundleStats === undefined) return problem(`is not signed: there is no ${bundleName(name)}`);
  if (!bundleStats.isFile() || bundleStats.size > BUNDLE_LIMIT) return problem('has a bundle that is none');
  try {
    const { sha256, signer } = await verifyFile(file, await readFile(bundle), signers, signal);
    if (wanted !== undefined && sha256 !== wanted)
      return problem(`is not what ${SUMS} lists: its sha256 is ${sha256}`);
    const { name: key, fingerprint } = signer;
    return { files: [{ name, sha256, key, fingerprint }], problems: [] };
  } catch (error) {
    signal.throwIfAborted();
    return problem(messageOf(error));
  }
}

/** A bundle is a few KiB; no bundle is larger, in bytes. */
const BUNDLE_LIMIT = 1024 * 1024;
