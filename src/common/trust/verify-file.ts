import { createVerify, type KeyObject, type Verify, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isBundleWithMessageSignature, isBundleWithPublicKey } from '@sigstore/bundle';
import { toSignedEntity } from '@sigstore/verify';
import { messageOf } from '../errors/factory-error.ts';
import { hashFile } from '../files/digest.ts';
import {
  parseBundle,
  parseSignedStatement,
  SIGN_PREDICATE,
  statementObjection,
  subjectsOf,
} from './bundle.ts';
import type { TrustIdentity } from './identity.ts';
import type { TrustRule } from './policy.ts';
import { prehashHint, type TrustKey } from './public-key.ts';
import { refusalText } from './refusal.ts';

/** A file with a verified signature. */
export interface VerifiedFile {
  /** The digest of the content, in hex. */
  readonly sha256: string;
  readonly signer: TrustKey | TrustIdentity;
}

/** HashAlgorithm.SHA2_256 (sigstore, protobuf-specs, `common`). */
const SHA2_256 = 1;
/** Maximum size of a file signed with Ed25519, in bytes: it has to be verified as a whole. */
const WHOLE_LIMIT = 1024 ** 3;

/** A possible signer of the file's content, with the state of the verification. */
interface Candidate {
  readonly signer: TrustKey | TrustIdentity;
  readonly key: KeyObject;
  readonly running: Verify | undefined;
}

/** Options of {@link verifyFile}. */
export interface VerifyFileOptions extends Pick<TrustRule, 'keys' | 'identities'> {
  /** Content of the sigstore bundle of the file. */
  readonly bundle: Uint8Array;
  readonly signal?: AbortSignal;
}

/**
 * Verifies that one of the signers has signed a file, by the sigstore bundle next to it: a signature of the content as
 * `cosign sign-blob` makes it, or a signed statement that names its sha256. The file is read once, in chunks.
 * @throws Error whose message continues a sentence that starts with the name of the file
 */
export async function verifyFile(
  file: string,
  { bundle: bytes, keys, identities = [], signal }: VerifyFileOptions,
): Promise<VerifiedFile> {
  const bundle = parse(bytes);
  if (!isBundleWithMessageSignature(bundle)) {
    const signed = parseSignedStatement(bytes, { certificates: identities.length > 0 });
    const signer =
      keys.find(({ key }) => signed.madeBy(key)) ??
      identities.find((identity) => signed.refusedBy(identity) === undefined);
    if (!signer)
      throw new Error(
        identities.map((identity) => signed.refusedBy(identity)).find(Boolean) ?? unknown(keys),
      );
    const sha256 = await hashFile(file, signal);
    const objection = statementObjection(signed.payload, `sha256:${sha256}`, SIGN_PREDICATE);
    if (objection?.kind === 'subject') throw changed(objection.found.join(', '));
    if (objection) throw new Error(refusalText(objection));
    return { sha256, signer };
  }
  const { messageDigest, signature } = bundle.content.messageSignature;
  if (messageDigest.algorithm !== SHA2_256)
    throw new Error('has a signature with a digest other than sha256');
  const candidates = isBundleWithPublicKey(bundle)
    ? keys.map((signer) => candidate(signer, signer.key))
    : identified(bundle, identities);
  const sha256 = await hashFile(file, signal, (piece) => {
    for (const { running } of candidates) running?.update(piece);
  });
  const signedDigest = Buffer.from(messageDigest.digest).toString('hex');
  if (signedDigest !== sha256) throw changed(`sha256:${signedDigest}`);
  for (const { signer, key, running } of candidates) {
    const holds = running ? holdsFor(running, key, signature) : await verifyWhole(file, key, signature);
    if (holds) return { sha256, signer };
  }
  throw new Error(unknown(keys));
}

/**
 * Returns the sha256, in hex, that a bundle states, without verifying it; `undefined` when it states none.
 * @throws Error when the bytes are not a bundle
 */
export function bundleDigest(bytes: Uint8Array): string | undefined {
  const { content } = parse(bytes);
  if (content.$case === 'messageSignature')
    return Buffer.from(content.messageSignature.messageDigest.digest).toString('hex');
  return subjectsOf(content.dsseEnvelope.payload)[0]?.replace('sha256:', '');
}

function unknown(keys: readonly TrustKey[]): string {
  return `has a signature by an unknown key, or one that was changed${prehashHint(keys)}`;
}

/** @param signed the digests that the signature is for */
function changed(signed: string): Error {
  return new Error(`was changed: its signature is for ${signed}`);
}

function parse(bytes: Uint8Array) {
  try {
    return parseBundle(bytes);
  } catch (error) {
    throw new Error(`has a bundle that cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

function candidate(signer: TrustKey | TrustIdentity, key: KeyObject): Candidate {
  return { signer, key, running: key.asymmetricKeyType === 'ed25519' ? undefined : createVerify('sha256') };
}

/** Verifies everything about a certificate except the signature over the content, which has not been read yet. */
function identified(
  bundle: ReturnType<typeof parseBundle>,
  identities: readonly TrustIdentity[],
): Candidate[] {
  if (identities.length === 0) throw new Error('was signed with a certificate, not with a key');
  const entity = toSignedEntity(bundle, Buffer.alloc(0));
  const inner = entity.signature;
  const later = {
    signature: inner.signature,
    compareSignature: (signature: Buffer) => inner.compareSignature(signature),
    compareDigest: (digest: Buffer) => inner.compareDigest(digest),
    compareSignedDigest: (digest: Buffer) => inner.compareSignedDigest(digest),
    verifySignature: () => true,
  };
  const refusals: string[] = [];
  const found = identities.flatMap((identity) => {
    try {
      return [candidate(identity, identity.verify({ ...entity, signature: later }))];
    } catch (error) {
      refusals.push(messageOf(error));
      return [];
    }
  });
  if (found.length === 0) throw new Error(`has a signature that ${refusals.join('; ')}`);
  return found;
}

/** Malformed signatures are invalid, too. */
function holdsFor(running: Verify, key: KeyObject, signature: Uint8Array): boolean {
  try {
    return running.verify(key, signature);
  } catch {
    return false;
  }
}

async function verifyWhole(file: string, key: KeyObject, signature: Uint8Array): Promise<boolean> {
  const content = await readFile(file);
  if (content.length > WHOLE_LIMIT)
    throw new Error(`is larger than ${WHOLE_LIMIT} bytes, too large for Ed25519`);
  return verify(null, content, key, signature);
}
