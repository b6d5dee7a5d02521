import type { KeyObject } from 'node:crypto';
import {
  type Bundle,
  bundleFromJSON,
  isBundleWithDsseEnvelope,
  isBundleWithPublicKey,
} from '@sigstore/bundle';
import { type SignedEntity, toSignedEntity, Verifier } from '@sigstore/verify';
import { z } from 'zod';
import { parseJson } from '../oci/registry/repository-reader.ts';
import type { TrustIdentity } from './identity.ts';

/** The predicate of `cosign sign` (written by cosign 3.1.3); attestations have others. */
export const SIGN_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';
const STATEMENT_TYPES = ['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1'];
const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** The signed statement (in-toto attestation spec, v1/statement). */
const statement = z.object({
  _type: z.string(),
  subject: z.array(z.object({ digest: z.record(z.string(), z.string()) })),
  predicateType: z.string(),
});

/** A statement in a bundle, signed by someone. */
export interface SignedStatement {
  /** Whether the key made the signature. */
  madeBy(key: KeyObject): boolean;
  /** Why the signature is not that of an identity; `undefined` when it is. */
  refusedBy(identity: TrustIdentity): string | undefined;
  readonly payload: Uint8Array;
}

/**
 * Reads a sigstore bundle.
 * @throws Error when it is none
 */
export function parseBundle(bytes: Uint8Array): Bundle {
  return bundleFromJSON(parseJson(z.json(), bytes));
}

/**
 * Reads a bundle with a statement.
 * @param certificates whether somebody may be known by a certificate
 * @throws Error for what is no bundle with a signed statement
 */
export function parseSignedStatement(bytes: Uint8Array, certificates: boolean): SignedStatement {
  const bundle = parseBundle(bytes);
  if (!isBundleWithPublicKey(bundle) && !certificates)
    throw new Error('it was signed with a certificate, not with a key');
  if (!isBundleWithDsseEnvelope(bundle)) throw new Error('it signs a file, not a statement on an image');
  const { payload, payloadType } = bundle.content.dsseEnvelope;
  if (payloadType !== PAYLOAD_TYPE) throw new Error(`its payload is ${payloadType}, not ${PAYLOAD_TYPE}`);
  return {
    payload,
    madeBy: (key) => isBundleWithPublicKey(bundle) && verifies(entityForKey(bundle), key),
    refusedBy: (identity) => refusal(identity, bundle),
  };
}

/**
 * What is to be verified of a bundle that a plain key signed. A key is trusted because a policy names it: logs and
 * timestamps prove nothing more to whoever may be offline.
 */
function entityForKey(bundle: Bundle): SignedEntity {
  const material = { ...bundle.verificationMaterial, tlogEntries: [], timestampVerificationData: undefined };
  return toSignedEntity({ ...bundle, verificationMaterial: material } as Bundle);
}

/** With nothing in the trust material but the key, a signature by any other key or certificate cannot hold. */
function verifies(entity: SignedEntity, publicKey: KeyObject): boolean {
  const trust = {
    certificateAuthorities: [],
    timestampAuthorities: [],
    tlogs: [],
    ctlogs: [],
    publicKey: () => ({ publicKey, validFor: () => true }),
  };
  try {
    new Verifier(trust, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 }).verify(entity);
    return true;
  } catch {
    return false;
  }
}

function refusal(identity: TrustIdentity, bundle: Bundle): string | undefined {
  if (isBundleWithPublicKey(bundle)) return 'was made with a key, not with a certificate';
  try {
    identity.verify(toSignedEntity(bundle));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Why a payload is no statement of a kind about a digest `sha256:HEX`; `undefined` when it is. @throws Error for no JSON */
export function statementObjection(
  payload: Uint8Array,
  digest: string,
  predicate: string,
): string | undefined {
  const { _type, predicateType } = parseJson(statement, payload);
  if (!STATEMENT_TYPES.includes(_type)) return `is no in-toto statement but "${_type}"`;
  if (predicateType !== predicate) return `is a statement of another kind, ${predicateType}`;
  const signed = subjectsOf(payload);
  return signed.includes(digest) ? undefined : `is for another image, ${signed.join(', ')}`;
}

/** What a statement is about: digests `sha256:HEX`. @throws Error when the payload is no statement */
export function subjectsOf(payload: Uint8Array): string[] {
  return parseJson(statement, payload).subject.map((one) => `sha256:${one.digest['sha256']}`);
}
