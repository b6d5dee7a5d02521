import { isDeepStrictEqual } from 'node:util';
import { FactoryError } from '../errors/factory-error.ts';
import type { RegistryReader } from '../oci/registry/repository-reader.ts';
import { bundleSignatures } from './bundle-signature.ts';
import type { TrustRule } from './policy.ts';
import type { TrustKey } from './public-key.ts';
import { judge, printable } from './verify-image.ts';

/** Short names of predicate types, those of cosign (its `PredicateTypeMap`, 3.1.3). */
export const PREDICATES = {
  slsaprovenance1: 'https://slsa.dev/provenance/v1',
  spdxjson: 'https://spdx.dev/Document',
  cyclonedx: 'https://cyclonedx.org/bom',
} as const;

/** An attestation that holds. */
export interface VerifiedAttestation {
  /** URI of the predicate's type. */
  readonly type: string;
  /** The digest of the attestation in the registry. */
  readonly place: string;
  /** The file name of the key, or the identity of a certificate. */
  readonly key: string;
  readonly fingerprint: string;
}

/** An SBOM of a large image has tens of MiB. */
const LIMIT = 128 * 1024 * 1024;
/** So many are looked at, whatever the registry lists. */
const MAX_ATTESTATIONS = 100;

/**
 * Checks that a digest has an attestation of each type, signed as a rule asks.
 * @param digest what the attestations have to be about
 * @param types URIs
 * @throws FactoryError `verification` that names what is missing, and why what was found did not count
 */
export async function verifyAttestations(
  registry: RegistryReader,
  digest: string,
  types: readonly string[],
  { keys, identities = [] }: Pick<TrustRule, 'keys' | 'identities'>,
): Promise<readonly VerifiedAttestation[]> {
  const verified: VerifiedAttestation[] = [];
  const refusals: string[] = [];
  for (const type of types) {
    let seen = 0;
    let found: VerifiedAttestation | undefined;
    const options = { certificates: identities.length > 0, predicate: type, limit: LIMIT };
    for await (const attestation of bundleSignatures(registry, digest, options)) {
      seen += 1;
      if (seen > MAX_ATTESTATIONS) break;
      const { place } = attestation;
      const result = judge(attestation, keys, identities);
      // Not every registry tells the kind before it is read.
      if (typeof result === 'string' && result.startsWith('is a statement of another kind')) continue;
      if (typeof result === 'string') refusals.push(printable(`attestation ${place} ${result}`));
      else found ??= { type, place, key: result.name, fingerprint: result.fingerprint };
      if (found) break;
    }
    if (found) verified.push(found);
    else refusals.push(`${digest} has no attestation of the type ${type} that counts`);
  }
  if (verified.length === types.length) return verified;
  throw new FactoryError(
    'ATTESTATION_MISSING',
    `the image ${digest} lacks attestations that the policy asks for`,
    {
      details: refusals,
      remedy:
        'Attach them with "kairos-factory sign REF --attest TYPE=FILE", or take them out of the policy.',
    },
  );
}

/**
 * Whether a key has attested exactly this about a digest.
 * @param type URI of the predicate's type
 */
export async function isAttested(
  registry: RegistryReader,
  digest: string,
  type: string,
  predicate: unknown,
  key: TrustKey,
): Promise<boolean> {
  let seen = 0;
  for await (const attestation of bundleSignatures(registry, digest, { predicate: type, limit: LIMIT })) {
    seen += 1;
    if (seen > MAX_ATTESTATIONS) break;
    if (judge(attestation, [key]) !== key || !('statement' in attestation)) continue;
    const said = JSON.parse(Buffer.from(attestation.statement).toString()) as { predicate?: unknown };
    if (isDeepStrictEqual(said.predicate, predicate)) return true;
  }
  return false;
}
