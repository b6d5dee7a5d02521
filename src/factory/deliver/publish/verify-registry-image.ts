import { FactoryError } from '../../../common/errors/factory-error.ts';
import { expectDigest, hashFor } from '../../../common/files/digest.ts';
import { retrying } from '../../../common/http/retry.ts';
import { TransientHttpError } from '../../../common/http/transient-error.ts';
import { type Descriptor, parseManifest } from '../../../common/oci/registry/image-manifest.ts';
import { formatImageReference, parseImageReference } from '../../../common/oci/registry/image-reference.ts';
import type { Registry } from '../../../common/oci/registry/registry.ts';
import type { RegistryHost } from '../../../common/oci/registry/registry-host.ts';
import { registryReader } from '../../../common/oci/registry/registry-reader.ts';
import { type VerifiedAttestation, verifyAttestations } from '../../../common/trust/verify-attestations.ts';
import { type Verified, verifyImage } from '../../../common/trust/verify-image.ts';
import type { RegistryAccess } from '../../inputs/base/resolve-image.ts';
import { atOrigin, digestOfImage } from './sign-image.ts';
import type { VerifyPolicy } from './verify-policy.ts';

/** An image that passed its verification. */
export interface CheckedImage {
  /** `REGISTRY/NAME@sha256:DIGEST`. */
  readonly image: string;
  readonly digest: string;
  readonly signatures: Verified['signatures'];
  readonly attestations: readonly VerifiedAttestation[];
  /** The fetched blobs, which match their digests; absent when the content was not checked. */
  readonly content?: { readonly blobs: number; readonly bytes: number };
}

/** Options of {@link verifyRegistryImage}. */
export interface ImageVerification {
  readonly access: RegistryAccess;
  readonly policy: VerifyPolicy;
  /** Whether to fetch and check the blobs too. */
  readonly content: boolean;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** Maximum nesting of indexes. */
const NESTING = 3;

/**
 * Verifies an image in a registry: its signatures and attestations and, on request, the content of its blobs. Keeps no
 * downloaded data.
 * @param text `REGISTRY/NAME:TAG` or `REGISTRY/NAME@DIGEST`
 * @throws FactoryError `verification` when a check fails, `step` when the registry cannot be read
 */
export async function verifyRegistryImage(
  text: string,
  { access, policy, content, signal, say }: ImageVerification,
): Promise<CheckedImage> {
  const reference = parseImageReference(text);
  const digest = await digestOfImage(reference, access, say);
  const exact = { ...reference, tag: undefined, digest };
  return atOrigin(access, exact, async ({ registry, host }) => {
    const reader = registryReader(registry);
    const image = {
      registry: reference.registry,
      repository: reference.repository,
      digests: [digest],
    } as const;
    const { signatures } = await verifyImage(reader, image, policy.images);
    const attestations =
      policy.signers === undefined
        ? []
        : await verifyAttestations(reader, { digest, types: policy.attestations }, policy.signers);
    const blobs = content ? await checkContent(digest, { host, registry, signal, say }) : undefined;
    return {
      image: formatImageReference(exact),
      digest,
      signatures,
      attestations,
      ...(blobs ? { content: blobs } : {}),
    };
  });
}

interface BlobSource {
  readonly host: RegistryHost;
  readonly registry: Registry;
  readonly signal: AbortSignal;
}

/** Checks every blob of an image, or of all images of an index. */
async function checkContent(
  digest: string,
  source: BlobSource & Pick<ImageVerification, 'say'>,
): Promise<NonNullable<CheckedImage['content']>> {
  const { registry, say } = source;
  const blobs = new Map<string, Descriptor>();
  const gather = async (wanted: string, depth: number): Promise<void> => {
    const name = formatImageReference({ ...registry.reference, digest: wanted });
    const parsed = parseManifest(name, (await registry.getManifestBytes(wanted)).bytes);
    if (parsed.kind === 'manifest') {
      for (const blob of [parsed.manifest.config, ...parsed.manifest.layers]) blobs.set(blob.digest, blob);
    } else if (depth === NESTING) {
      throw new FactoryError('IMAGE_CORRUPT', `${name}: indexes are nested too deeply`, {
        remedy: 'Name a single image of the index by its digest.',
      });
    } else for (const entry of parsed.index.manifests) await gather(entry.digest, depth + 1);
  };
  await gather(digest, 0);
  let bytes = 0;
  for (const blob of blobs.values()) {
    say(`checking ${blob.digest.slice(0, 19)}… (${blob.size} bytes)`);
    await checkBlob(blob, source);
    bytes += blob.size;
  }
  return { blobs: blobs.size, bytes };
}

async function checkBlob(
  { digest, size }: Descriptor,
  { host, registry, signal }: BlobSource,
): Promise<void> {
  const name = `${digest} of ${formatImageReference(registry.reference)}`;
  await retrying(host, { name, signal, code: 'REGISTRY_UNREACHABLE' }, async () => {
    const { body } = await registry.getBlob(digest, 0, signal);
    const hash = hashFor(digest);
    let bytes = 0;
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > size) break;
      hash.update(chunk);
    }
    if (bytes < size) throw new TransientHttpError(`the connection ended after ${bytes} of ${size} bytes`);
    if (bytes > size) {
      throw new FactoryError('DIGEST_MISMATCH', `${name} is larger than its ${size} bytes`, {
        remedy: 'Do not use the image: the registry serves content that was not signed.',
      });
    }
    expectDigest(name, digest, `${digest.split(':')[0]}:${hash.digest('hex')}`);
  });
}
