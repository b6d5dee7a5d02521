import { type KeyObject, verify } from 'node:crypto';
import { z } from 'zod';
import {
  type Descriptor,
  parseJson,
  type RegistryReader,
  readBlob,
  readManifest,
} from '../oci/registry/repository-reader.ts';
import type { Objection } from './refusal.ts';
import { type Signature, type Signatures, unlessUnusable, unusable } from './signature.ts';

/** The layer annotation that holds the signature (cosign, specs/SIGNATURE_SPEC.md, "Properties"). */
const ANNOTATION = 'dev.cosignproject.cosign/signature';
/** The type that a payload for an image states (ibid., "Simple Signing"). */
const TYPE = 'cosign container image signature';

/** The signed payload (containers-signature(5) of containers/image). */
const payload = z.object({
  critical: z.object({
    type: z.string(),
    image: z.object({ 'docker-manifest-digest': z.string() }),
  }),
});

/** The artifact type of such a manifest that refers to its image (cosign, COSIGN_EXPERIMENTAL oci-1-1, as of 2.0). */
const ARTIFACT = 'application/vnd.dev.cosign.artifact.sig.v1+json';

/**
 * Yields the signatures in the manifest `sha256-HEX.sig`, and in manifests of the same form that refer to the image: each is
 * a layer whose blob is the payload and whose annotation is the signature over its bytes (cosign, specs/SIGNATURE_SPEC.md).
 */
export async function* classicSignatures(registry: RegistryReader, digest: string): Signatures {
  yield* signaturesIn(registry, `${digest.replace(':', '-')}.sig`, digest);
  const referrers: Descriptor[] = [];
  try {
    referrers.push(...(await registry.referrers(digest)));
  } catch (error) {
    yield unusable('classic', `referrers of ${digest}`, error);
  }
  for (const { artifactType, digest: place } of referrers) {
    if (artifactType === ARTIFACT) yield* signaturesIn(registry, place, digest);
  }
}

/** @param place the tag or the digest of a manifest */
async function* signaturesIn(registry: RegistryReader, place: string, digest: string): Signatures {
  const layers: Descriptor[] = [];
  try {
    layers.push(...((await readManifest(registry, place))?.layers ?? []));
  } catch (error) {
    yield unusable('classic', place, error);
  }
  for (const layer of layers) {
    yield await unlessUnusable('classic', layer.digest, () => readSignature(registry, layer, digest));
  }
}

async function readSignature(
  registry: RegistryReader,
  layer: Descriptor,
  digest: string,
): Promise<Signature> {
  const encoded = layer.annotations?.[ANNOTATION];
  if (!encoded) throw new Error(`it has no annotation ${ANNOTATION}`);
  const signature = Buffer.from(encoded, 'base64');
  const bytes = await readBlob(registry, layer.digest);
  return {
    form: 'classic',
    place: layer.digest,
    madeBy: (key) => verifies(bytes, key, signature),
    refusedBy: () => 'is of the classic form, in which only signatures by keys can be verified',
    objection: () => objection(bytes, digest),
  };
}

/** ECDSA and RSA (PKCS #1 v1.5) sign the sha256 of the payload, Ed25519 signs the payload itself. */
function verifies(bytes: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  try {
    return verify(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', bytes, key, signature);
  } catch {
    return false;
  }
}

function objection(bytes: Uint8Array, digest: string): Objection | undefined {
  const { type, image } = parseJson(payload, bytes).critical;
  if (type !== TYPE) return { kind: 'payload-type', found: type, expected: TYPE };
  const signed = image['docker-manifest-digest'];
  return signed === digest ? undefined : { kind: 'subject', found: [signed] };
}
