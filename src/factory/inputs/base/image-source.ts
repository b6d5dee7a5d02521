import { dirname, join, relative } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { parseConfig } from '../../../common/oci/registry/image-manifest.ts';
import { formatImageReference, type ImageReference } from '../../../common/oci/registry/image-reference.ts';
import { parsePlatform } from '../../../common/oci/registry/platform.ts';
import type { TrustRule } from '../../../common/trust/policy.ts';
import { changeLock, type LockedImages, readLock } from '../lock/lock-file.ts';
import { lockedPin, type Pin, withPin } from '../lock/pin.ts';
import { checkBaseTrust } from './base-trust.ts';
import type { BlobCache } from './blob-cache.ts';
import { downloadImage, notCached, readCachedImage } from './fetch-image.ts';
import { type RegistryAccess, requirePlatform, resolveImage } from './resolve-image.ts';

/** Resolves and fetches registry images for a build. */
export interface ImageSource {
  /**
   * Resolves a reference for one architecture: from the lock, otherwise from the registry, and then adds it to the lock.
   * @param trust the signatures to require before anything is locked or fetched
   * @throws FactoryError `verification` when the digest of the reference differs from the lock or the image is not signed,
   *   `usage` when it is not locked but must be, `step` when the registry cannot resolve it
   */
  pin(image: ImageReference, arch: string, trust?: TrustRule): Promise<Pin>;
  /**
   * Fetches an image into an empty directory, as an OCI layout that contains only this image.
   * @param target.say receives the progress of the download
   * @throws FactoryError `step` when it cannot be fetched, `verification` when the content does not match its digest
   */
  fetch(image: ImageReference, arch: string, target: FetchTarget): Promise<void>;
  /** All pins so far, sorted by reference. */
  pins(): readonly Pin[];
}

/** Where an image goes, and who hears of its progress. */
export interface FetchTarget {
  readonly directory: string;
  readonly say: (text: string) => void;
}

/** Options for {@link createImageSource}. */
export interface ImageSourceOptions {
  readonly access: RegistryAccess;
  readonly cache: BlobCache;
  /** The lock file, if any. */
  readonly lockFile: string | undefined;
  /** Refuse references that are not locked. */
  readonly locked: boolean;
  /** Fetch nothing. */
  readonly offline: boolean;
  /** Whether resolved references may be written to the lock. */
  readonly mayWrite: boolean;
  /** Reports something that the user should still see after the build. */
  readonly notice: (text: string) => void;
}

/** Creates the image source of a build. Reads nothing and sends no requests yet. */
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
    checkBaseTrust({ image, pin, rule: trust }, { access, directory, offline, notice });

  const find = async (image: ImageReference, arch: string, trust: TrustRule | undefined): Promise<Pin> => {
    const platform = parsePlatform(arch);
    read ??= lockFile === undefined ? {} : readLock(lockFile).images;
    const name = formatImageReference(image);
    const { entry, pin } = lockedPin(read, { image, platform: `linux/${arch}` }, lockName);
    if (pin) {
      if (trust) await requireTrust(image, pin, trust);
      return pin;
    }
    const missing = `${name} is not in ${lockName}${entry === undefined ? '' : ` for linux/${arch}`}`;
    if (locked) {
      throw new FactoryError('LOCK_ENTRY_MISSING', `${missing}, which --locked requires`, {
        remedy: 'Run: kairos-factory lock, review the changes, and keep the lock file.',
      });
    }
    if (offline) {
      throw new FactoryError(
        'LOCK_ENTRY_MISSING',
        `${missing}, and --offline forbids resolving it at a registry`,
        {
          remedy: 'Run: kairos-factory lock, with network access.',
        },
      );
    }
    // Another architecture of a locked image must come from the same index.
    const exact = entry === undefined ? image : { ...image, digest: entry.digest };
    const resolved = await resolveImage(access, { image: exact, platform }, notice);
    if (trust) await requireTrust(image, resolved, trust);
    if (lockFile !== undefined && mayWrite) {
      await remember(lockFile, resolved);
      notice(`${resolved.reference} is now locked to ${resolved.digest} in ${lockName}`);
    }
    return resolved;
  };

  const pin: ImageSource['pin'] = (image, arch, trust) => {
    const key = `${arch} ${formatImageReference(image)}`;
    const known = found.get(key);
    if (known && (trust === undefined || trusted.has(key))) return known;
    // A pin that was first requested without trust is kept, and its signature is checked now.
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
    fetch: async (image, arch, { directory, say }) => {
      const { manifest: digest } = await pin(image, arch);
      const name = formatImageReference({ ...image, digest: undefined });
      say(`${name} is ${digest}`);
      const { descriptor, blobs } = offline
        ? await readCachedImage(cache, name, digest)
        : await downloadImage(options, { ...image, digest }, say);
      const [config] = blobs;
      const text = config && (await cache.read(config.digest));
      if (text === undefined) throw notCached(name, blobs.slice(0, 1));
      requirePlatform(name, parseConfig(name, text), parsePlatform(arch));
      const digests = blobs.map((blob) => blob.digest);
      await cache.layOut(directory, descriptor, digests);
    },
  };
}
