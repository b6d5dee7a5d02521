import { isDeepStrictEqual } from 'node:util';
import { FactoryError } from '../errors/factory-error.ts';
import type { RegistryReader } from '../oci/registry/repository-reader.ts';
import { printable } from './judge.ts';
import { judgedAttestations } from './judged-attestations.ts';
import type { TrustRule } from './policy.ts';
import { TEST_RESULT } from './proof.ts';
import type { TrustKey } from './public-key.ts';
import { refusalText } from './refusal.ts';

/** Short names of predicate types: cosign's (its `PredicateTypeMap`, 3.1.3), and one of ours for test results. */
export const PREDICATES = {
  slsaprovenance1: 'https://slsa.dev/provenance/v1',
  spdxjson: 'https://spdx.dev/Document',
  cyclonedx: 'https://cyclonedx.org/bom',
  testresult: TEST_RESULT,
} as const;

/** A verified attestation. */
export interface VerifiedAttestation {
  /** URI of the predicate type. */
  readonly type: string;
  /** The digest of the attestation in the registry. */
  readonly place: string;
  /** The file name of the key, or the identity of a certificate. */
  readonly key: string;
  readonly fingerprint: string;
}

/** Maximum size of an attestation, in bytes; the SBOM of a large image has tens of MiB. */
const LIMIT = 128 * 1024 * 1024;

/**
 * Checks that a digest has an attestation of each type that is signed by one of the signers.
 * @param wanted the digest that the attestations must be about, and the URIs of their types
 * @throws FactoryError `verification` that names the missing attestations, and why others were refused
 */
export async function verifyAttestations(
  registry: RegistryReader,
  { digest, types }: { readonly digest: string; readonly types: readonly string[] },
  signers: Pick<TrustRule, 'keys' | 'identities'>,
): Promise<readonly VerifiedAttestation[]> {
  const verified: VerifiedAttestation[] = [];
  const refusals: string[] = [];
  for (const type of types) {
    let found: VerifiedAttestation | undefined;
    const wanted = { digest, type, limit: LIMIT };
    for await (const { attestation, signer, refusal } of judgedAttestations(registry, wanted, signers)) {
      const { place } = attestation;
      if (refusal) refusals.push(printable(`attestation ${place} ${refusalText(refusal)}`));
      else found ??= { type, place, key: signer.name, fingerprint: signer.fingerprint };
      if (found) break;
    }
    if (found) verified.push(found);
    else refusals.push(`${digest} has no valid attestation of the type ${type}`);
  }
  if (verified.length === types.length) return verified;
  throw new FactoryError(
    'ATTESTATION_MISSING',
    `the image ${digest} lacks attestations that the policy requires`,
    {
      details: refusals,
      remedy:
        'Attach them with "kairos-factory sign REF --attest TYPE=FILE", or remove them from the policy.',
    },
  );
}

/**
 * Whether a digest has an attestation with exactly this predicate, signed with a key.
 * @param wanted the digest, the URI of the predicate type, and the predicate
 */
export async function isAttested(
  registry: RegistryReader,
  {
    digest,
    type,
    predicate,
  }: { readonly digest: string; readonly type: string; readonly predicate: unknown },
  key: TrustKey,
): Promise<boolean> {
  const wanted = { digest, type, limit: LIMIT };
  for await (const { attestation, signer } of judgedAttestations(registry, wanted, { keys: [key] })) {
    if (signer !== key || !('statement' in attestation)) continue;
    const statement = JSON.parse(Buffer.from(attestation.statement).toString()) as { predicate?: unknown };
    if (isDeepStrictEqual(statement.predicate, predicate)) return true;
  }
  return false;
}
