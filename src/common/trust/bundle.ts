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
import type { Objection } from './refusal.ts';
import { STATEMENT_TYPE } from './statement-type.ts';

/** The predicate type of `cosign sign` (as of cosign 3.1.3); attestations have other types. */
export const SIGN_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';
const STATEMENT_TYPES = [STATEMENT_TYPE, 'https://in-toto.io/Statement/v0.1'];
const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** The signed statement (in-toto attestation spec, v1/statement). */
const statement = z.object({
  _type: z.string(),
  subject: z.array(z.object({ digest: z.record(z.string(), z.string()) })),
  predicateType: z.string(),
});

/** A signed statement in a bundle. */
export interface SignedStatement {
  /** Whether the signature was made with the key. */
  madeBy(key: KeyObject): boolean;
  /** Why the signature is not by the identity; `undefined` when it is. */
  refusedBy(identity: TrustIdentity): string | undefined;
  readonly payload: Uint8Array;
}

/**
 * Parses a sigstore bundle.
 * @throws Error when the bytes are not a bundle
 */
export function parseBundle(bytes: Uint8Array): Bundle {
  return bundleFromJSON(parseJson(z.json(), bytes));
}

/**
 * Parses a bundle with a signed statement.
 * @param options `certificates` when signers may be identified by a certificate
 * @throws Error when the bytes are not such a bundle
 */
export function parseSignedStatement(
  bytes: Uint8Array,
  { certificates }: { readonly certificates: boolean },
): SignedStatement {
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
 * The part of a bundle to verify when it was signed with a plain key. The key is trusted because a policy names it, so
 * log entries and timestamps, which may need a network, are not checked.
 */
function entityForKey(bundle: Bundle): SignedEntity {
  const material = { ...bundle.verificationMaterial, tlogEntries: [], timestampVerificationData: undefined };
  return toSignedEntity({ ...bundle, verificationMaterial: material } as Bundle);
}

/** The trust material has nothing but the key, so a signature by any other key or certificate is invalid. */
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

/**
 * Checks that a payload is a statement of a predicate type about a digest `sha256:HEX`.
 * @returns why it is not; `undefined` when it is
 * @throws Error when the payload is not a statement in JSON
 */
export function statementObjection(
  payload: Uint8Array,
  digest: string,
  predicate: string,
): Objection | undefined {
  const { _type, predicateType } = parseJson(statement, payload);
  if (!STATEMENT_TYPES.includes(_type)) return { kind: 'statement-type', found: _type };
  if (predicateType !== predicate) return { kind: 'predicate-type', found: predicateType };
  const signed = subjectsOf(payload);
  return signed.includes(digest) ? undefined : { kind: 'subject', found: signed };
}

/** The digests `sha256:HEX` that a statement is about. @throws Error when the payload is not a statement */
export function subjectsOf(payload: Uint8Array): string[] {
  return parseJson(statement, payload).subject.map(({ digest }) => `sha256:${digest['sha256']}`);
}
