import type { RegistryReader } from '../oci/registry/repository-reader.ts';
import { type BundleOptions, bundleSignatures } from './bundle-signature.ts';
import { type Judgement, judge } from './judge.ts';
import type { TrustRule } from './policy.ts';
import type { Signature, Unusable } from './signature.ts';

/** Maximum number of attestations to examine, however many the registry lists. */
const MAX_ATTESTATIONS = 100;

/** Options of {@link judgedAttestations}. */
export interface AttestationOptions extends Pick<BundleOptions, 'limit'> {
  /** The digest that they must be about. */
  readonly digest: string;
  /** URI of their predicate type. */
  readonly type: string;
}

/** Yields the attestations of a type about a digest, each with its signer or the reason why it is refused. */
export async function* judgedAttestations(
  registry: RegistryReader,
  { digest, type, limit }: AttestationOptions,
  { keys, identities = [] }: Pick<TrustRule, 'keys' | 'identities'>,
): AsyncGenerator<Judgement & { readonly attestation: Signature | Unusable }> {
  const options = {
    certificates: identities.length > 0,
    predicate: type,
    ...(limit === undefined ? {} : { limit }),
  };
  let seen = 0;
  for await (const attestation of bundleSignatures(registry, digest, options)) {
    seen += 1;
    if (seen > MAX_ATTESTATIONS) return;
    const judgement = judge(attestation, keys, identities);
    // Some registries do not state the type before the attestation is read.
    if (judgement.refusal?.kind === 'predicate-type') continue;
    yield { ...judgement, attestation };
  }
}
