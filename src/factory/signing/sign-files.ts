import {
  chmod,
  copyFile,
  lstat,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { basename, join } from 'node:path';
import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import { hashFile } from '../../common/files/digest.ts';
import { SIGN_PREDICATE } from '../../common/trust/bundle.ts';
import { bundleDigest, verifyFile } from '../../common/trust/verify-file.ts';
import { signBlob, signStatement } from '../tools/cosign.ts';
import type { Runner } from '../tools/runner.ts';
import { notABuildOutput } from './not-a-build-output.ts';
import { bundleName, MANIFEST, readSums, SUMS } from './output-files.ts';
import type { Signer } from './signer.ts';

/** What signing files takes. */
export interface FileSigning {
  readonly runner: Runner;
  readonly signer: Signer;
  /** Directory for short-lived files. */
  readonly scratch: string;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** A file to sign, by absolute paths. */
export interface FileToSign {
  readonly file: string;
  readonly bundle: string;
  /** Where the bundle is made, in the same directory; renamed when all are done. */
  readonly partial: string;
  /** What the file has to be, in hex. */
  readonly sha256?: string;
}

/** A file that has been signed. */
export interface SignedFile {
  readonly file: string;
  readonly bundle: string;
  readonly sha256: string;
  /** Whether a good signature by the same key was there before. */
  readonly unchanged: boolean;
}

/**
 * cosign 3.1.3 reads a file as a whole into memory, and takes 2.4 times its size (`/usr/bin/time -v cosign sign-blob`,
 * 600 MiB). What is larger than this many bytes gets a signed statement about its sha256 instead.
 */
const WHOLE_LIMIT = 1024 ** 3;

/**
 * Signs files: each gets a sigstore bundle. All of them appear, or none. A bundle that is there and good by the same key
 * stays as it is.
 * @throws FactoryError `verification` when a file is not what it has to be, `step` when cosign fails
 */
export async function signFiles(files: readonly FileToSign[], signing: FileSigning): Promise<SignedFile[]> {
  const made: SignedFile[] = [];
  try {
    for (const file of files) made.push(await signFile(file, signing));
    for (const [index, { unchanged }] of made.entries()) {
      const file = files[index];
      if (file && !unchanged) await rename(file.partial, file.bundle);
    }
    return made;
  } finally {
    for (const { partial } of files) await rm(partial, { force: true });
  }
}

/** The outputs of builds in a directory: itself, or those of the targets of a build, which have one each. */
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
  // Which says what is wrong with the directory itself.
  return places.length > 0 ? places : [directory];
}

/**
 * Signs the output of a build: everything that `SHA256SUMS` lists, the manifest and the list itself.
 * @param partial names the unfinished form of a file in the directory
 * @throws FactoryError `usage` when it is no output of a build, `verification` when its files are not those of the list
 */
export async function signOutput(
  directory: string,
  partial: (name: string) => string,
  signing: FileSigning,
): Promise<SignedFile[]> {
  const listed = await readSums(directory);
  if (listed === undefined) {
    throw notABuildOutput(directory);
  }
  const names = new Set(listed.map(({ name }) => name));
  const isThere = async (name: string) =>
    (await lstat(join(directory, name)).catch(() => undefined))?.isFile();
  const extra = !names.has(MANIFEST) && (await isThere(MANIFEST)) ? [{ name: MANIFEST }] : [];
  const toSign = [...listed, ...extra, { name: SUMS }].map((entry): FileToSign => {
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
  { file, bundle, partial, sha256: wanted }: FileToSign,
  signing: FileSigning,
): Promise<SignedFile> {
  const { signer, signal, say } = signing;
  const keys = signer.publicKey === undefined ? [] : [signer.publicKey];
  const there = await readFile(bundle).catch(() => undefined);
  const kept = there && (await verifyFile(file, there, { keys }, signal).catch(() => undefined));
  if (kept) {
    requireSum(file, wanted, kept.sha256);
    return { file, bundle, sha256: kept.sha256, unchanged: true };
  }
  say(`signing ${basename(file)}`);
  const home = await mkdtemp(join(signing.scratch, 'sign-'));
  try {
    const made = join(home, 'bundle.json');
    const { size } = await stat(file);
    if (size > WHOLE_LIMIT) await signLarge(file, made, home, signing);
    else await signBlob(signing.runner, signer.cosign, { file, bundle: made });
    const sha256 = await check(file, await readFile(made), signing);
    requireSum(file, wanted, sha256);
    await copyFile(made, partial);
    await chmod(partial, 0o644);
    return { file, bundle, sha256, unchanged: false };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function signLarge(
  file: string,
  bundle: string,
  home: string,
  { runner, signer, signal }: FileSigning,
): Promise<void> {
  const statement = join(home, 'statement.json');
  const sha256 = await hashFile(file, signal);
  await writeFile(
    statement,
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: basename(file), digest: { sha256 } }],
      predicateType: SIGN_PREDICATE,
      predicate: {},
    }),
  );
  await signStatement(runner, signer.cosign, { statement, bundle });
}

/** What cosign wrote has to hold; without a key of our own, it has to be about this file. */
async function check(file: string, bundle: Uint8Array, { signer, signal }: FileSigning): Promise<string> {
  const bad = (reason: string) =>
    new FactoryError(
      'SIGNATURE_NOT_STORED',
      `cosign wrote a signature that does not hold: ${file} ${reason}`,
      {
        remedy: 'Sign again; if it stays, use another version of cosign.',
      },
    );
  if (signer.publicKey === undefined) {
    const sha256 = await hashFile(file, signal);
    if (bundleDigest(bundle) !== sha256) throw bad('is not what it is for');
    return sha256;
  }
  const verified = await verifyFile(file, bundle, { keys: [signer.publicKey] }, signal).catch(
    (error: unknown) => {
      signal.throwIfAborted();
      throw bad(messageOf(error));
    },
  );
  return verified.sha256;
}

function requireSum(file: string, wanted: string | undefined, actual: string): void {
  if (wanted === undefined || wanted === actual) return;
  throw new FactoryError('SIGNED_LIST_INVALID', `${file} is not what ${SUMS} says, so nothing is signed`, {
    details: [`listed: ${wanted}`, `found:  ${actual}`],
    remedy: 'Build again: the file was changed after the build.',
  });
}
