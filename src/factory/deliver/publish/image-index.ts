import { FactoryError } from '../../../common/errors/factory-error.ts';
import { digestOf } from '../../../common/files/digest.ts';
import { MEDIA, type Platform } from '../../../common/oci/registry/image-manifest.ts';
import { formatPlatform } from '../../../common/oci/registry/platform.ts';
import type { ManifestContent } from '../../../common/oci/registry/registry-writer.ts';

/** An image to list in an index. */
export interface PlatformImage {
  readonly digest: string;
  readonly mediaType: string;
  /** Size of the manifest in bytes. */
  readonly size: number;
  readonly platform: Platform;
}

/**
 * Creates an index of images for several platforms (image-spec 1.1, "Image Index"). Its bytes do not depend on the order
 * of the images.
 * @throws FactoryError `usage` when two different images are for the same platform
 */
export function imageIndex(images: readonly PlatformImage[]): ManifestContent {
  const sorted = images
    .map((image) => ({ ...image, name: formatPlatform(image.platform) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const duplicate = sorted.find(
    ({ name, digest }, at) => sorted[at - 1]?.name === name && sorted[at - 1]?.digest !== digest,
  );
  if (duplicate) {
    throw new FactoryError(
      'PUSH_TAG_CONFLICT',
      `two images are for ${duplicate.name}, but an index has one image per platform`,
      {
        remedy: 'Push them under different names or tags.',
      },
    );
  }
  const unique = sorted.filter(({ name }, at) => sorted[at - 1]?.name !== name);
  const manifests = unique.map(({ mediaType, digest, size, platform }) => ({
    mediaType,
    digest,
    size,
    platform,
  }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.index, manifests }));
  return { bytes, digest: digestOf(bytes), mediaType: MEDIA.index };
}
