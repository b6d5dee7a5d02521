import { dirname, join, relative } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { downloadBlobs } from '../../../common/oci/registry/blob-store.ts';
import { type Descriptor, parseConfig, parseManifest } from '../../../common/oci/registry/image-manifest.ts';
import { formatImageReference, type ImageReference } from '../../../common/oci/registry/image-reference.ts';
import { parsePlatform } from '../../../common/oci/registry/platform.ts';
import type { TrustRule } from '../../../common/trust/policy.ts';
import { changeLock, type LockedImages, readLock } from '../lock/lock-file.ts';
import { lockedPin, type Pin, withPin } from '../lock/pin.ts';
import { checkBaseTrust } from './base-trust.ts';
import { type BlobCache, blobPath } from './blob-cache.ts';
import { atPlaces, type RegistryAccess, requirePlatform, resolveImage } from './resolve-image.ts';

/** Images of registries for a build. */
export interface ImageSource {
  /**
   * What a reference stands for on an arch: by the lock, else by the registry, and then the lock has it from now on.
   * @param trust who must have signed it; nothing is written into the lock, and nothing fetched, before that is so
   * @throws FactoryError `verification` when the reference has another digest than the lock, or is not signed, `usage` when
   *   it is not locked and has to be, `step` when the registry cannot tell
   */
  pin(image: ImageReference, arch: string, trust?: TrustRule): Promise<Pin>;
  /**
   * Writes the image that a reference stands for into an empty directory, as an OCI layout with nothing else in it.
   * @param say told how far the download is
   * @throws FactoryError `step` when it cannot be fetched, `verification` when it is not what its digest says
   */
  fetch(image: ImageReference, arch: string, directory: string, say: (text: string) => void): Promise<void>;
  /** All that was pinned, by reference. */
  pins(): readonly Pin[];
}

/** How references are taken. */
export interface ImageSourceOptions {
  readonly access: RegistryAccess;
  readonly cache: BlobCache;
  /** The lock file; none where nothing is locked. */
  readonly lockFile: string | undefined;
  /** Take nothing that is not locked. */
  readonly locked: boolean;
  /** Fetch nothing. */
  readonly offline: boolean;
  /** Whether what is found out may be written into the lock. */
  readonly mayWrite: boolean;
  /** Tells the person something that they should know after the build too. */
  readonly notice: (text: string) => void;
}

/** Makes the source of a build's images. Nothing is read or asked yet. */
export function createImageSource(options: ImageSourceOptions): ImageSource {
  const { access, cache, lockFile, locked, offline, mayWrite, notice } = options;
  const lockName = lockFile === undefined ? 'the lock' : relative(process.cwd(), lockFile);
  const found = new Map<string, Promise<Pin>>();
  const trusted = new Set<string>();
  const done = new Map<string, Pin>();
  let read: LockedImages | undefined;

  const remember = (file: string, pin: Pin) =>
    changeLock(file, (lock) => ({ ...lock, images: withPin(lock.images, pin) }));

  const directory = join(dirname(cache.directory), 'signatures');
  const requireTrust = (image: ImageReference, pin: Pin, trust: TrustRule) =>
    checkBaseTrust(image, pin, trust, { access, directory, offline, notice });

  const find = async (image: ImageReference, arch: string, trust: TrustRule | undefined): Promise<Pin> => {
    const platform = parsePlatform(arch);
    read ??= lockFile === undefined ? {} : readLock(lockFile).images;
    const name = formatImageReference(image);
    const { entry, pin } = lockedPin(read, image, `linux/${arch}`, lockName);
    if (pin) {
      if (trust) await requireTrust(image, pin, trust);
      return pin;
    }
    const missing = `${name} is not in ${lockName}${entry === undefined ? '' : ` for linux/${arch}`}`;
    if (locked) {
      throw new FactoryError('LOCK_ENTRY_MISSING', `${missing}, and --locked takes nothing else`, {
        remedy: 'Run: kairos-factory lock, look at what it has changed, and keep the lock file.',
      });
    }
    if (offline) {
      throw new FactoryError(
        'LOCK_ENTRY_MISSING',
        `${missing}, and --offline asks no registry what it stands for`,
        {
          remedy: 'Run: kairos-factory lock, where there is a network.',
        },
      );
    }
    // Another arch of an image that is locked has to be of the same index.
    const exact = entry === undefined ? image : { ...image, digest: entry.digest };
    const resolved = await resolveImage(access, exact, platform, notice);
    if (trust) await requireTrust(image, resolved, trust);
    if (lockFile !== undefined && mayWrite) {
      remember(lockFile, resolved);
      notice(`${resolved.reference} is now locked to ${resolved.digest} in ${lockName}`);
    }
    return resolved;
  };

  const pin: ImageSource['pin'] = (image, arch, trust) => {
    const key = `${arch} ${formatImageReference(image)}`;
    const known = found.get(key);
    if (known && (trust === undefined || trusted.has(key))) return known;
    // Asked for before without trust, it stays what it was found to be then.
    const fresh =
      known !== undefined
        ? known.then(async (result) => {
            if (trust) await requireTrust(image, result, trust);
            return result;
          })
        : find(image, arch, trust).then((result) => {
            done.set(key, result);
            return result;
          });
    found.set(key, fresh);
    if (trust) trusted.add(key);
    return fresh;
  };

  return {
    pin,
    pins: () => [...done.values()].sort((a, b) => (a.reference < b.reference ? -1 : 1)),
    fetch: async (image, arch, directory, say) => {
      const { manifest: digest } = await pin(image, arch);
      const name = formatImageReference({ ...image, digest: undefined });
      say(`${name} is ${digest}`);
      const { descriptor, blobs } = offline
        ? await takeCached(cache, name, digest)
        : await download(options, { ...image, digest }, digest, say).catch(explainMissing);
      const [config] = blobs;
      const text = config && (await cache.read(config.digest));
      if (text === undefined) throw lacking(name, blobs.slice(0, 1));
      requirePlatform(name, parseConfig(name, text), parsePlatform(arch));
      const digests = blobs.map((blob) => blob.digest);
      await cache.layOut(directory, descriptor, digests);
    },
  };
}

/** Brings an image into the cache, as far as it is not there. */
async function download(
  { access, cache }: ImageSourceOptions,
  image: ImageReference,
  digest: string,
  say: (text: string) => void,
): Promise<ManifestOf> {
  const name = formatImageReference({ ...image, digest: undefined });
  return atPlaces(access, image, say, async ({ host, registry, attempts }) => {
    const found = await readManifest(cache, name, digest, async () => {
      const { bytes } = await registry.getManifestBytes(digest);
      return bytes;
    });
    await cache.adopt(found.blobs.map((blob) => blob.digest));
    await downloadBlobs(host, registry, found.blobs, {
      directory: cache.directory,
      fileName: blobPath,
      partial: cache.partial,
      attempts,
      signal: access.signal,
      progress: tellProgress(name, say),
    });
    return found;
  });
}

/** What was locked once may have been removed since. */
function explainMissing(error: unknown): never {
  if (!(error instanceof FactoryError) || error.code !== 'REGISTRY_NOT_FOUND') throw error;
  throw new FactoryError('REGISTRY_NOT_FOUND', error.message, {
    remedy:
      'The registry has no longer what the lock names. To take what it has now, run: kairos-factory lock --update',
    cause: error,
  });
}

/** An image as its manifest tells it; the configuration is the first of its blobs. */
interface ManifestOf {
  readonly descriptor: Descriptor;
  readonly blobs: readonly Descriptor[];
}

async function readManifest(
  cache: BlobCache,
  name: string,
  digest: string,
  fetch: () => Promise<Uint8Array>,
): Promise<ManifestOf> {
  let bytes = await cache.read(digest);
  if (bytes === undefined) {
    bytes = await fetch();
    await cache.write(digest, bytes);
  }
  const parsed = parseManifest(name, bytes);
  if (parsed.kind === 'index') {
    throw new FactoryError('LOCK_DIFFERS', `${name}: ${digest} is no manifest but an index`, {
      remedy: 'Run: kairos-factory lock --update',
    });
  }
  const { manifest, mediaType } = parsed;
  return {
    descriptor: { mediaType, digest, size: bytes.length },
    blobs: [manifest.config, ...manifest.layers],
  };
}

/** @throws FactoryError `step` that names every blob that is missing or damaged */
async function takeCached(cache: BlobCache, name: string, digest: string): Promise<ManifestOf> {
  const image = await readManifest(cache, name, digest, async () => {
    throw lacking(name, [{ digest }]);
  });
  const missing: Descriptor[] = [];
  for (const blob of image.blobs) if (!(await cache.holds(blob))) missing.push(blob);
  if (missing.length > 0) throw lacking(name, missing);
  return image;
}

function lacking(name: string, blobs: readonly { readonly digest: string; readonly size?: number }[]) {
  return new FactoryError('NOT_CACHED', `${name} is not whole in the cache, and --offline fetches nothing`, {
    details: blobs.map(
      ({ digest, size }) => `missing: ${digest}${size === undefined ? '' : ` (${size} bytes)`}`,
    ),
    remedy: 'Run the same command once without --offline, where there is a network.',
  });
}

/** Milliseconds between two lines on how far a download is. */
const PAUSE = 1000;

function tellProgress(name: string, say: (text: string) => void) {
  let told = 0;
  const mib = (bytes: number) => (bytes / 1024 ** 2).toFixed(1);
  return (bytes: number, total: number) => {
    const now = performance.now();
    if (now - told < PAUSE && bytes < total) return;
    told = now;
    say(`downloading ${name}: ${mib(bytes)} of ${mib(total)} MiB`);
  };
}
