import { FactoryError } from '../../../common/errors/factory-error.ts';
import { throwIfAborted } from '../../../common/http/abort.ts';
import type { Descriptor, Platform } from '../../../common/oci/registry/image-manifest.ts';
import { formatPlatform } from '../../../common/oci/registry/platform.ts';
import type { ManifestContent, RegistryWriter } from '../../../common/oci/registry/registry-writer.ts';
import { transferBlobs } from '../../../common/oci/registry/transfer-blobs.ts';
import { imageIndex } from './image-index.ts';
import type { LayoutImage } from './layout-image.ts';
import { ociArtifact } from './oci-artifact.ts';
import { blobsOf, type PushImage } from './push-image.ts';
import { type PushTarget, repositoryName, tagsFor } from './push-target.ts';

/** The wanted content of a registry. */
export interface PushRequest {
  readonly target: PushTarget;
  readonly images: readonly PushImage[];
  /** Whether the tags name an index of the images; required for several images. */
  readonly isIndex: boolean;
}

/** The signatures of a pushed image. */
export interface PushSignatures {
  /** The key as the user named it, or `keyless`. */
  readonly signer: string;
  /** sha256 of the public key; absent for keyless. */
  readonly fingerprint?: string;
  /** Short names of the attestations of the images. */
  readonly attestations: readonly string[];
}

/** The pushed content. */
export interface PushResult {
  /** `HOST/NAME`, without a tag or digest. */
  readonly reference: string;
  /** Digest of the image or index that the tags name. */
  readonly digest: string;
  readonly tags: readonly string[];
  /** The images of the index; absent for a single image. */
  readonly images?: readonly { readonly platform: string; readonly digest: string }[];
  /** The accompanying files, with the digest of the artifact that holds each. */
  readonly artifacts: readonly { readonly file: string; readonly digest: string }[];
  /** Absent when signing is not configured. */
  readonly signatures?: PushSignatures;
}

/** Options and callbacks of a push. */
export interface PushFollower {
  /** Aborts the push; no tag is set afterwards. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of bytes in the registry and the total. */
  readonly progress?: (done: number, total: number) => void;
  readonly notice?: (text: string) => void;
  /** Called between the upload and the tagging, to sign the images. If it throws, no tag is set. */
  readonly beforeTags?: ((result: PushResult) => Promise<Pick<PushResult, 'signatures'>>) | undefined;
}

/**
 * Pushes images, their index and their accompanying files by digest, and sets the tags last. A tag therefore never names
 * incomplete content, even after a failure.
 * @throws FactoryError as documented at {@link RegistryWriter}; `usage` when there is no tag, or the images cannot form an
 *   index
 */
export async function pushImages(
  writer: RegistryWriter,
  { target, images, isIndex }: PushRequest,
  { signal, progress, notice, beforeTags }: PushFollower,
): Promise<PushResult> {
  const [first] = images;
  if (first === undefined) throw new RangeError('nothing to push');
  const index = isIndex ? imageIndex(images.map(platformImage)) : undefined;
  const tags = tagsFor(target, index === undefined ? first.name : undefined);

  await transferBlobs(blobsOf(images), (blob, transfer) => writer.pushBlob(blob, transfer), { progress });
  for (const { layout } of images) if (layout) await pushTree(writer, layout);
  if (index) await writer.pushManifest(index);
  const artifacts: PushResult['artifacts'][number][] = [];
  for (const image of images) artifacts.push(...(await pushArtifacts(writer, image, notice)));

  const top = index ?? first.manifest;
  const result = {
    reference: repositoryName(target),
    digest: top.digest,
    tags,
    ...(index ? { images: images.map(({ manifest, platform }) => entry(manifest, platform)) } : {}),
    artifacts,
  };
  const more = await beforeTags?.(result);
  for (const tag of tags) {
    throwIfAborted(signal);
    const before = await writer.tag(top, tag);
    if (before !== undefined) notice?.(`${result.reference}:${tag} named ${before} before`);
  }
  return { ...result, ...more };
}

/** Pushes manifests bottom-up: a registry refuses an index whose manifests it lacks. */
async function pushTree(
  writer: RegistryWriter,
  { children, ...manifest }: Pick<LayoutImage, 'children' | keyof ManifestContent>,
): Promise<void> {
  for (const child of children) await pushTree(writer, child);
  await writer.pushManifest(manifest);
}

async function pushArtifacts(
  writer: RegistryWriter,
  image: PushImage,
  notice: PushFollower['notice'],
): Promise<PushResult['artifacts']> {
  const { manifest, files, epoch, version } = image;
  const subject = { ...manifest, size: manifest.bytes.length };
  const unlisted: Descriptor[] = [];
  const pushed: PushResult['artifacts'][number][] = [];
  for (const { file, type, layers } of files) {
    const artifact = ociArtifact({ type, subject, layers, epoch, version });
    const { isListed } = await writer.pushManifest(artifact);
    if (!isListed) unlisted.push(artifact.referrer);
    pushed.push({ file, digest: artifact.digest });
  }
  if (unlisted.length > 0 && !(await writer.addReferrers(manifest.digest, unlisted))) {
    const { registry } = writer.reference;
    const count = `${unlisted.length} ${unlisted.length === 1 ? 'file' : 'files'}`;
    notice?.(
      `${registry} keeps no list of referrers: the ${count} of ${manifest.digest} can be found only by digest`,
    );
  }
  return pushed;
}

function platformImage({ manifest, platform }: PushImage) {
  if (platform === undefined) {
    throw new FactoryError(
      'SOURCE_UNSUITABLE',
      `${manifest.digest} cannot be part of an index: it has no platform`,
      {
        remedy: 'Give images for a single platform each.',
      },
    );
  }
  const { digest, mediaType, bytes } = manifest;
  return { digest, mediaType, size: bytes.length, platform };
}

function entry({ digest }: ManifestContent, platform: Platform | undefined) {
  return { platform: platform === undefined ? '' : formatPlatform(platform), digest };
}
