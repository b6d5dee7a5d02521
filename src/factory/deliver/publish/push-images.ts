import { FactoryError } from '../../../common/errors/factory-error.ts';
import { throwIfAborted } from '../../../common/http/abort.ts';
import { type BlobContent, bytesBlob, fileBlob } from '../../../common/oci/registry/blob-content.ts';
import type { Descriptor, Platform } from '../../../common/oci/registry/image-manifest.ts';
import { formatPlatform } from '../../../common/oci/registry/platform.ts';
import type { ManifestContent, RegistryWriter } from '../../../common/oci/registry/registry-writer.ts';
import { transferBlobs } from '../../../common/oci/registry/transfer-blobs.ts';
import type { BuildDocument } from './build-output.ts';
import { imageIndex } from './image-index.ts';
import { type LayoutImage, layoutBlob } from './layout-image.ts';
import { EMPTY_CONFIG, ociArtifact } from './oci-artifact.ts';
import type { PackedFile } from './pack-files.ts';
import { type PushTarget, repositoryName, tagsFor } from './push-target.ts';

/** An image to push, and the files that belong to it. */
export interface PushImage {
  readonly manifest: ManifestContent;
  /** `undefined` for an index, and when it does not say. */
  readonly platform: Platform | undefined;
  /** Where its content is; `undefined` when it is in the repository already. */
  readonly layout: LayoutImage | undefined;
  /** What it calls itself. */
  readonly name: string | undefined;
  readonly files: readonly PackedFile[];
  /** What is attached to it, signed, where somebody signs. */
  readonly documents: readonly BuildDocument[];
  /** Of the OS, for what belongs to it. */
  readonly version: string | undefined;
  /** Seconds since 1970. */
  readonly epoch: number;
}

/** What is to be in a registry in the end. */
export interface PushRequest {
  readonly target: PushTarget;
  readonly images: readonly PushImage[];
  /** Whether the tags are to name an index of the images; several have none without. */
  readonly isIndex: boolean;
}

/** Who signed what was pushed. */
export interface PushSignatures {
  /** The key as the person named it, or `keyless`. */
  readonly signer: string;
  /** sha256 of the public key; absent for keyless. */
  readonly fingerprint?: string;
  /** What was attached to the images, by its short name. */
  readonly attestations: readonly string[];
}

/** What is in a registry. */
export interface PushResult {
  /** `HOST/NAME`, without tag and digest. */
  readonly reference: string;
  /** What the tags name: an image or an index. */
  readonly digest: string;
  readonly tags: readonly string[];
  /** What the index has; absent for a single image. */
  readonly images?: readonly { readonly platform: string; readonly digest: string }[];
  /** Files that refer to the image, by their names in the output directory, and the manifests that hold them. */
  readonly artifacts: readonly { readonly file: string; readonly digest: string }[];
  /** Absent where nobody was asked to sign. */
  readonly signatures?: PushSignatures;
}

/** Who follows a push. */
export interface PushFollower {
  /** Ends it; nothing is tagged afterwards. */
  readonly signal?: AbortSignal | undefined;
  /** Told how many bytes are there, of all. */
  readonly progress?: (done: number, total: number) => void;
  readonly notice?: (text: string) => void;
  /** Called when everything is there by its digest, and before it has a tag: to sign it. What it throws keeps the tags away. */
  readonly beforeTags?: ((result: PushResult) => Promise<Pick<PushResult, 'signatures'>>) | undefined;
}

/**
 * Pushes images, their index and what belongs to them, each by its digest, and gives the tags last: whatever ends it, no
 * tag names something that is not whole.
 * @throws FactoryError as documented at {@link RegistryWriter}; `usage` when there is no tag, or an index cannot be made
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
  for (const image of images) artifacts.push(...(await pushArtifacts(writer, image)));

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
    if (before !== undefined) notice?.(`${result.reference}:${tag} was ${before} before`);
  }
  return { ...result, ...more };
}

/** All blobs, each once. */
function blobsOf(images: readonly PushImage[]): BlobContent[] {
  const blobs = new Map<string, BlobContent>();
  const addTree = (directory: string, { blobs: own, children }: Pick<LayoutImage, 'blobs' | 'children'>) => {
    for (const { digest, size } of own) {
      const name = `layer ${digest.slice(0, 19)}…`;
      blobs.set(digest, fileBlob(name, layoutBlob(directory, digest), digest, size));
    }
    for (const child of children) addTree(directory, child);
  };
  for (const { layout, files } of images) {
    if (layout) addTree(layout.directory, layout);
    for (const { content } of files.flatMap(({ layers }) => layers)) blobs.set(content.digest, content);
    const empty = bytesBlob('an empty configuration', EMPTY_CONFIG);
    if (files.length > 0) blobs.set(empty.digest, empty);
  }
  return [...blobs.values()];
}

/** Manifests from the leaves on: a registry refuses an index whose manifests it does not have. */
async function pushTree(
  writer: RegistryWriter,
  { children, ...manifest }: Pick<LayoutImage, 'children' | keyof ManifestContent>,
): Promise<void> {
  for (const child of children) await pushTree(writer, child);
  await writer.pushManifest(manifest);
}

async function pushArtifacts(writer: RegistryWriter, image: PushImage): Promise<PushResult['artifacts']> {
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
  if (unlisted.length > 0) await writer.addReferrers(manifest.digest, unlisted);
  return pushed;
}

function platformImage({ manifest, platform }: PushImage) {
  if (platform === undefined) {
    throw new FactoryError(
      'SOURCE_UNSUITABLE',
      `${manifest.digest} cannot become part of an index: it names no platform`,
      {
        remedy: 'Give images that are for one platform each, one by one.',
      },
    );
  }
  const { digest, mediaType, bytes } = manifest;
  return { digest, mediaType, size: bytes.length, platform };
}

function entry({ digest }: ManifestContent, platform: Platform | undefined) {
  return { platform: platform === undefined ? '' : formatPlatform(platform), digest };
}
