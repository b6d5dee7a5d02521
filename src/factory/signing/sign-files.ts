import { chmod, copyFile, lstat, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import { hashFile } from '../../common/files/digest.ts';
import { putInPlace } from '../../common/files/output-file.ts';
import { SIGN_PREDICATE } from '../../common/trust/bundle.ts';
import { STATEMENT_TYPE } from '../../common/trust/statement-type.ts';
import { bundleDigest, verifyFile } from '../../common/trust/verify-file.ts';
import { signBlob, signStatement } from '../tools/cosign.ts';
import type { Runner } from '../tools/runner.ts';
import { evidenceFiles } from './evidence-files.ts';
import { notABuildOutput } from './not-a-build-output.ts';
import { bundleName, MANIFEST, readSums, SUMS } from './output-files.ts';
import type { Signer } from './signer.ts';

/** The signer and the environment for signing files. */
export interface FileSigning {
  readonly runner: Runner;
  readonly signer: Signer;
  /** Directory for temporary files. */
  readonly scratch: string;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** A file to sign; all paths are absolute. */
export interface FileToSign {
  readonly file: string;
  readonly bundle: string;
  /** Temporary path of the bundle, in the same directory; renamed when all files are signed. */
  readonly partial: string;
  /** Expected digest of the file, in hex. */
  readonly sha256?: string;
}

/** A signed file. */
export interface SignedFile {
  readonly file: string;
  readonly bundle: string;
  readonly sha256: string;
  /** Whether the file already had a valid signature by the same key. */
  readonly unchanged: boolean;
}

/**
 * cosign 3.1.3 reads the whole file into memory and needs 2.4 times its size (`/usr/bin/time -v cosign sign-blob`, 600 MiB).
 * A file of more than this many bytes gets a signed statement about its sha256 instead.
 */
const WHOLE_LIMIT = 1024 ** 3;

/**
 * Signs files with a sigstore bundle each. Either all bundles appear or none. An existing bundle that is valid for the same
 * key is kept.
 * @throws FactoryError `verification` when a file does not match its digest, `step` when cosign fails
 */
export async function signFiles(files: readonly FileToSign[], signing: FileSigning): Promise<SignedFile[]> {
  const made: SignedFile[] = [];
  try {
    for (const file of files) made.push(await signFile(file, signing));
    for (const [index, { unchanged }] of made.entries()) {
      const file = files[index];
      if (file && !unchanged) await putInPlace(file.partial, file.bundle);
    }
    return made;
  } finally {
    for (const { partial } of files) await rm(partial, { force: true });
  }
}

/** Lists the build outputs of a directory: the directory itself, or the subdirectories of the targets. */
export async function outputsIn(directory: string): Promise<string[]> {
  const hasSums = async (place: string) =>
    (await lstat(join(place, SUMS)).catch(() => undefined)) !== undefined;
  if (await hasSums(directory)) return [directory];
  const places: string[] = [];
  for (const entry of (await readdir(directory, { withFileTypes: true })).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    const place = join(directory, entry.name);
    if (entry.isDirectory() && (await hasSums(place))) places.push(place);
  }
  // The caller then reports what is wrong with the directory itself.
  return places.length > 0 ? places : [directory];
}

/**
 * Signs the output of a build: every file in `SHA256SUMS`, the evidence of its proof, the manifest, and the list itself.
 * @param partial maps a file name to the path of its unfinished form
 * @throws FactoryError `usage` when it is not the output of a build, `verification` when a file does not match the list
 */
export async function signOutput(
  directory: string,
  partial: (name: string) => string,
  signing: FileSigning,
): Promise<SignedFile[]> {
  const listed = await readSums(directory);
  if (listed === undefined) throw notABuildOutput(directory);
  const names = new Set(listed.map(({ name }) => name));
  const exists = async (name: string) =>
    (await lstat(join(directory, name)).catch(() => undefined))?.isFile();
  const extra = !names.has(MANIFEST) && (await exists(MANIFEST)) ? [{ name: MANIFEST }] : [];
  const evidence = (await evidenceFiles(directory, listed)).map((name) => ({ name }));
  const toSign = [...listed, ...evidence, ...extra, { name: SUMS }].map((entry): FileToSign => {
    const bundle = bundleName(entry.name);
    return {
      file: join(directory, entry.name),
      bundle: join(directory, bundle),
      partial: partial(bundle.replaceAll('/', '_')),
      ...('sha256' in entry ? { sha256: entry.sha256 } : {}),
    };
  });
  return signFiles(toSign, signing);
}

async function signFile(
  { file, bundle, partial, sha256: expected }: FileToSign,
  signing: FileSigning,
): Promise<SignedFile> {
  const { signer, signal, say } = signing;
  const keys = signer.publicKey === undefined ? [] : [signer.publicKey];
  const existing = await readFile(bundle).catch(() => undefined);
  const kept =
    existing && (await verifyFile(file, { bundle: existing, keys, signal }).catch(() => undefined));
  if (kept) {
    requireSum(file, expected, kept.sha256);
    return { file, bundle, sha256: kept.sha256, unchanged: true };
  }
  say(`signing ${basename(file)}`);
  const home = await mkdtemp(join(signing.scratch, 'sign-'));
  try {
    const made = join(home, 'bundle.json');
    const { size } = await stat(file);
    if (size > WHOLE_LIMIT) await signLarge(file, { bundle: made, home }, signing);
    else await signBlob(signing.runner, signer.cosign, { file, bundle: made });
    const sha256 = await check(file, await readFile(made), signing);
    requireSum(file, expected, sha256);
    await copyFile(made, partial);
    await chmod(partial, 0o644);
    return { file, bundle, sha256, unchanged: false };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function signLarge(
  file: string,
  { bundle, home }: { readonly bundle: string; readonly home: string },
  { runner, signer, signal }: FileSigning,
): Promise<void> {
  const statement = join(home, 'statement.json');
  const sha256 = await hashFile(file, signal);
  await writeFile(
    statement,
    JSON.stringify({
      _type: STATEMENT_TYPE,
      subject: [{ name: basename(file), digest: { sha256 } }],
      predicateType: SIGN_PREDICATE,
      predicate: {},
    }),
  );
  await signStatement(runner, signer.cosign, { statement, bundle });
}

/** Verifies the bundle that cosign wrote; without a public key, checks only that it is for this file. */
async function check(file: string, bundle: Uint8Array, { signer, signal }: FileSigning): Promise<string> {
  const bad = (reason: string) =>
    new FactoryError('SIGNATURE_NOT_STORED', `cosign wrote an invalid signature: ${file} ${reason}`, {
      remedy: 'Sign again; if that does not help, use another version of cosign.',
    });
  if (signer.publicKey === undefined) {
    const sha256 = await hashFile(file, signal);
    if (bundleDigest(bundle) !== sha256) throw bad('is not the file that it signs');
    return sha256;
  }
  const verified = await verifyFile(file, { bundle, keys: [signer.publicKey], signal }).catch(
    (error: unknown) => {
      signal.throwIfAborted();
      throw bad(messageOf(error));
    },
  );
  return verified.sha256;
}

function requireSum(file: string, expected: string | undefined, actual: string): void {
  if (expected === undefined || expected === actual) return;
  throw new FactoryError('SIGNED_LIST_INVALID', `${file} does not match ${SUMS}, so nothing is signed`, {
    details: [`listed: ${expected}`, `found:  ${actual}`],
    remedy: 'Build again: the file was changed after the build.',
  });
}
