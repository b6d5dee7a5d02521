import { type RegistryReader, readManifest } from '../../../common/oci/registry/repository-reader.ts';
import type { SignatureFacts } from './inspection.ts';

/** How cosign and sigstore name what they attach (cosign, "Signature Spec"; sigstore bundles, "OCI"). */
const BUNDLE = 'application/vnd.dev.sigstore.bundle';
const CLASSIC = 'application/vnd.dev.cosign.artifact.sig.v1+json';
const BUNDLE_PREDICATE = 'dev.sigstore.bundle.predicateType';
const LAYER_PREDICATE = 'predicateType';
const CERTIFICATE = 'dev.sigstore.cosign/certificate';

/**
 * Lists what is attached to an image in its repository: referrers, and the tags of cosign. Verifies nothing.
 * @throws FactoryError `step` when the registry cannot be read
 */
export async function registrySignatures(reader: RegistryReader, digest: string): Promise<SignatureFacts[]> {
  const referrers = await reader.referrers(digest);
  const tags = ['sig', 'att', 'sbom'].map((ending) => `${digest.replace(':', '-')}.${ending}`);
  const tagged = await Promise.all(tags.map((tag) => taggedSignatures(reader, tag)));
  return [...referrers.flatMap(referredSignature), ...tagged.flat()];
}

function referredSignature({
  artifactType = '',
  annotations,
  digest,
}: Awaited<ReturnType<RegistryReader['referrers']>>[number]): SignatureFacts[] {
  const predicate = annotations?.[BUNDLE_PREDICATE];
  const isBundle = artifactType.startsWith(BUNDLE);
  if (!isBundle && artifactType !== CLASSIC) return [];
  const form = isBundle ? 'sigstore-bundle' : 'cosign';
  return [{ form, place: digest, ...(predicate === undefined ? {} : { predicate }) }];
}

/** The signatures or attestations under a tag of cosign: one for each layer. */
async function taggedSignatures(reader: RegistryReader, tag: string): Promise<SignatureFacts[]> {
  const manifest = await readManifest(reader, tag).catch(() => undefined);
  return (manifest?.layers ?? []).map(({ annotations }): SignatureFacts => {
    const found = { form: 'cosign', place: tag } as const;
    if (tag.endsWith('.sig')) return { ...found, by: annotations?.[CERTIFICATE] ? 'certificate' : 'key' };
    return { ...found, predicate: annotations?.[LAYER_PREDICATE] ?? 'sbom' };
  });
}
