import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError, reasonOf } from '../../../common/errors/factory-error.ts';
import { printable } from '../../../common/trust/judge.ts';
import type { TrustRule } from '../../../common/trust/policy.ts';
import { verifyFile } from '../../../common/trust/verify-file.ts';
import { bundleName, type ListedFile, SUMS } from '../../signing/output-files.ts';

/** A file with a valid signature. */
export interface CheckedFile {
  /** Relative to the directory. */
  readonly name: string;
  readonly sha256: string;
  /** `false` for a file in a build output that is signed, but not part of the build. */
  readonly listed?: false;
  /** The file name of the key, or the identity of the certificate. */
  readonly key: string;
  readonly fingerprint: string;
}

/** The verified files and the problems of a file or directory. */
export interface Findings {
  readonly files: readonly CheckedFile[];
  readonly problems: readonly string[];
}

/** Options of {@link checkFile}. */
export interface FileCheck {
  readonly signers: TrustRule;
  readonly signal: AbortSignal;
}

/** Upper bound for a bundle in bytes; bundles have a few KiB. */
const BUNDLE_LIMIT = 1024 * 1024;

/**
 * Verifies single files with the bundles next to them.
 * @throws FactoryError `verification` that lists every problem
 */
export async function verifyFiles(
  names: readonly string[],
  signers: TrustRule,
  signal: AbortSignal,
): Promise<readonly CheckedFile[]> {
  const found: Findings[] = [];
  for (const name of names) found.push(await checkFile('', { name }, { signers, signal }));
  const problems = found.flatMap((each) => each.problems);
  if (problems.length === 0) return found.flatMap(({ files }) => files);
  throw new FactoryError('SIGNATURE_REFUSED', `not signed by ${namesOf(signers)}: ${names.join(', ')}`, {
    details: problems.map(printable),
    remedy:
      'Fetch the file and its bundle again from the publisher; the bundle belongs next to the file, as FILE.sigstore.json.',
  });
}

/** The names of the signers, for messages. */
export function namesOf({ keys, identities = [] }: TrustRule): string {
  return [...keys, ...identities].map(({ name }) => name).join(' or ');
}

/**
 * Verifies a file with the bundle next to it.
 * @param file its name in the directory, and the sha256 that it must have if that is known
 * @returns the verified file or its problem
 */
export async function checkFile(
  directory: string,
  { name, sha256: wanted }: { readonly name: string } & Partial<ListedFile>,
  { signers, signal }: FileCheck,
): Promise<Findings> {
  const problem = (text: string): Findings => ({ files: [], problems: [`${name} ${text}`] });
  const file = join(directory, name);
  const stats = await lstat(file).catch(() => undefined);
  if (stats === undefined) return problem('is missing');
  if (!stats.isFile()) return problem('is not a regular file');
  if (signers.threshold > 1)
    return problem(`can have only one signature, but the policy requires ${signers.threshold}`);
  const bundle = join(directory, bundleName(name));
  const bundleStats = await lstat(bundle).catch(() => undefined);
  if (bundleStats === undefined) return problem(`is not signed: there is no ${bundleName(name)}`);
  if (!bundleStats.isFile() || bundleStats.size > BUNDLE_LIMIT) return problem('has an invalid bundle');
  try {
    const { sha256, signer } = await verifyFile(file, {
      ...signers,
      bundle: await readFile(bundle),
      signal,
    });
    if (wanted !== undefined && sha256 !== wanted)
      return problem(`does not match ${SUMS}: its sha256 is ${sha256}`);
    const { name: key, fingerprint } = signer;
    return { files: [{ name, sha256, key, fingerprint }], problems: [] };
  } catch (error) {
    signal.throwIfAborted();
    return problem(reasonOf(error));
  }
}
