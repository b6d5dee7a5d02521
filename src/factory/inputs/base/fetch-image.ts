import { FactoryError } from '../../../common/errors/factory-error.ts';
import { blobPath } from '../../../common/oci/layers/image-layout.ts';
import { downloadBlobs } from '../../../common/oci/registry/blob-store.ts';
import { type Descriptor, parseManifest } from '../../../common/oci/registry/image-manifest.ts';
import { formatImageReference, type ImageReference } from '../../../common/oci/registry/image-reference.ts';
import { createTransferReporter } from '../../../common/text/transfer.ts';
import type { BlobCache } from './blob-cache.ts';
import { atPlaces, type RegistryAccess } from './resolve-image.ts';

/** The registries to download from, and the cache to download to. */
interface DownloadContext {
  readonly access: RegistryAccess;
  readonly cache: BlobCache;
}

/**
 * Downloads the parts of an image that are not in the cache.
 * @param image its digest is that of the manifest
 * @param say receives the progress
 * @throws FactoryError as `atPlaces` does, with the remedy for an image that was removed after it was locked
 */
export async function downloadImage(
  { access, cache }: DownloadContext,
  image: ImageReference & { readonly digest: string },
  say: (text: string) => void,
): Promise<ManifestContent> {
  const { digest } = image;
  const name = formatImageReference({ ...image, digest: undefined });
  return atPlaces({ access, image, warn: say }, async ({ host, registry, attempts }) => {
    const found = await readManifest(cache, { name, digest }, async () => {
      const { bytes } = await registry.getManifestBytes(digest);
      return bytes;
    });
    await cache.adopt(found.blobs.map((blob) => blob.digest));
    await downloadBlobs(host, registry, {
      blobs: found.blobs,
      directory: cache.directory,
      fileName: blobPath,
      partial: cache.partial,
      attempts,
      signal: access.signal,
      progress: createTransferReporter((text) => say(`downloading ${name}: ${text}`)),
    });
    return found;
  }).catch(explainMissing);
}

/** Adds a remedy to the error for an image that was removed after it was locked. */
function explainMissing(error: unknown): never {
  if (!(error instanceof FactoryError) || error.code !== 'REGISTRY_NOT_FOUND') throw error;
  throw new FactoryError('REGISTRY_NOT_FOUND', error.message, {
    remedy:
      'The registry no longer has the locked image. To lock the current one, run: kairos-factory lock --update',
    cause: error,
  });
}

/** A manifest and its blobs, of which the configuration is the first. */
export interface ManifestContent {
  readonly descriptor: Descriptor;
  readonly blobs: readonly Descriptor[];
}

async function readManifest(
  cache: BlobCache,
  { name, digest }: { readonly name: string; readonly digest: string },
  fetch: () => Promise<Uint8Array>,
): Promise<ManifestContent> {
  let bytes = await cache.read(digest);
  if (bytes === undefined) {
    bytes = await fetch();
    await cache.write(digest, bytes);
  }
  const parsed = parseManifest(name, bytes);
  if (parsed.kind === 'index') {
    throw new FactoryError('LOCK_DIFFERS', `${name}: ${digest} is an index, not a manifest`, {
      remedy: 'Run: kairos-factory lock --update',
    });
  }
  const { manifest, mediaType } = parsed;
  return {
    descriptor: { mediaType, digest, size: bytes.length },
    blobs: [manifest.config, ...manifest.layers],
  };
}

/** Reads an image from the cache. @throws FactoryError `step` that lists every missing or damaged blob */
export async function readCachedImage(
  cache: BlobCache,
  name: string,
  digest: string,
): Promise<ManifestContent> {
  const image = await readManifest(cache, { name, digest }, async () => {
    throw notCached(name, [{ digest }]);
  });
  const missing: Descriptor[] = [];
  for (const blob of image.blobs) if (!(await cache.holds(blob))) missing.push(blob);
  if (missing.length > 0) throw notCached(name, missing);
  return image;
}

/** Makes the error for blobs that the cache does not have. */
export function notCached(
  name: string,
  blobs: readonly { readonly digest: string; readonly size?: number }[],
) {
  return new FactoryError(
    'NOT_CACHED',
    `${name} is incomplete in the cache, and --offline forbids fetching it`,
    {
      details: blobs.map(
        ({ digest, size }) => `missing: ${digest}${size === undefined ? '' : ` (${size} bytes)`}`,
      ),
      remedy: 'Run the same command once without --offline, with network access.',
    },
  );
}
