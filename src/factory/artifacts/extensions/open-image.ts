import { join } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { Host } from '../../../common/host/host.ts';
import type { LayerFile } from '../../../common/oci/layers/layer-stream.ts';
import { openLocalImage } from '../../../common/oci/layers/local-image.ts';
import { downloadBlobs } from '../../../common/oci/registry/blob-store.ts';
import type { ImageConfig, Platform } from '../../../common/oci/registry/image-manifest.ts';
import { formatImageReference, parseImageReference } from '../../../common/oci/registry/image-reference.ts';
import { openRegistry } from '../../../common/oci/registry/registry.ts';
import type { BaseReference } from '../../config/base-reference.ts';

/** An image in a registry: `docker://REGISTRY/NAME[:TAG][@DIGEST]`. */
export interface RegistryImage {
  readonly kind: 'registry';
  readonly name: string;
}

/** References to images whose layers are available separately. */
export type LayeredImage = RegistryImage | Extract<BaseReference, { kind: 'oci' | 'docker-archive' }>;

/** An image whose manifest and configuration have been read. Its layers have not been read or verified yet. */
export interface OpenedImage {
  readonly name: string;
  readonly config: ImageConfig;
  /** One digest per layer, lowest first: of the uncompressed tar where the configuration lists it, otherwise of the blob. */
  readonly layerIds: readonly string[];
  /** The layers from `index` on, as files with the digests to verify them against. */
  readonly layersFrom: (index: number) => Promise<readonly LayerFile[]>;
}

/** The services and the target platform for opening an image. */
export interface ImageContext {
  readonly host: Host;
  readonly platform: Platform;
  /** A directory, which the caller removes afterwards. */
  readonly scratch: string;
  readonly signal: AbortSignal;
}

/**
 * Opens an image for one platform.
 * @throws FactoryError `usage` when the reference does not exist, `verification` when it is not an image or is for another
 *   architecture, `step` when a registry does not answer
 */
export async function openImage(image: LayeredImage, context: ImageContext): Promise<OpenedImage> {
  const opened =
    image.kind === 'registry' ? await openRemote(image, context) : await openLocal(image, context);
  const { architecture } = opened.config;
  if (!architecture || architecture === context.platform.architecture) return opened;
  throw new FactoryError(
    'CONTENT_ARCH_MISMATCH',
    `${opened.name} is for ${architecture}, not for ${context.platform.architecture}`,
    { remedy: 'Set the architecture with --arch, or use another image.' },
  );
}

async function openLocal(
  image: Exclude<LayeredImage, RegistryImage>,
  { platform, scratch }: ImageContext,
): Promise<OpenedImage> {
  const tag = image.kind === 'oci' ? image.tag : undefined;
  const { config, layers } = await openLocalImage(image.path, {
    platform,
    unpacked: join(scratch, 'archive.tar'),
    tag,
  });
  const diffIds = diffIdsOf(config, layers.length);
  const checked = layers.map((layer, index): LayerFile => {
    const diffId = diffIds?.[index];
    return diffId === undefined ? layer : { ...layer, diffId };
  });
  return {
    name: `${image.kind}:${image.path}`,
    config,
    layerIds: diffIds ?? layers.map(({ digest = '' }) => digest),
    layersFrom: async (index) => checked.slice(index),
  };
}

async function openRemote(
  { name }: RegistryImage,
  { host, platform, scratch, signal }: ImageContext,
): Promise<OpenedImage> {
  const reference = parseImageReference(name);
  const registry = openRegistry(host, reference, { signal });
  const { manifest, config } = await registry.resolveManifest(platform);
  return {
    name: formatImageReference(reference),
    config,
    layerIds: diffIdsOf(config, manifest.layers.length) ?? manifest.layers.map(({ digest }) => digest),
    layersFrom: async (index) => {
      const wanted = manifest.layers.slice(index);
      const files = await downloadBlobs(host, registry, {
        blobs: wanted,
        directory: join(scratch, 'blobs'),
        signal,
      });
      return wanted.map(({ size, digest }, each) => ({ file: files[each] ?? '', start: 0, size, digest }));
    },
  };
}

function diffIdsOf(config: ImageConfig, count: number): readonly string[] | undefined {
  const ids = config.rootfs?.diff_ids ?? [];
  return ids.length === count ? ids : undefined;
}
