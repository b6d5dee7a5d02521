import { FactoryError } from '../../../common/errors/factory-error.ts';
import { formatImageReference, type ImageReference } from '../../../common/oci/registry/image-reference.ts';
import type { LockedImage, LockedImages } from './lock-file.ts';

/** The digests that a reference resolves to on one platform. */
export interface Pin {
  /** The reference in the form of the lock. */
  readonly reference: string;
  /** Digest that the tag resolves to: of an index, or of a manifest if there is no index. */
  readonly digest: string;
  /** Such as `linux/amd64`. */
  readonly platform: string;
  /** Digest of the manifest for the platform. */
  readonly manifest: string;
}

/** Returns the key of a reference in the lock. It has no digest if there is a tag, so that the digests can be compared. */
export function lockName(image: ImageReference): string {
  return formatImageReference(image.tag === undefined ? image : { ...image, digest: undefined });
}

/**
 * Looks up a reference in a lock.
 * @param wanted.platform such as `linux/amd64`
 * @param file name of the lock file, for messages
 * @returns the entry, if there is one, and the pin, if the entry has the platform
 * @throws FactoryError `verification` when the reference has a digest that differs from the lock
 */
export function lockedPin(
  images: LockedImages,
  { image, platform }: { readonly image: ImageReference; readonly platform: string },
  file: string,
): { readonly entry?: LockedImage; readonly pin?: Pin } {
  const reference = lockName(image);
  const entry = Object.hasOwn(images, reference) ? images[reference] : undefined;
  if (entry === undefined) return {};
  const manifest = Object.hasOwn(entry.platforms, platform) ? entry.platforms[platform] : undefined;
  if (image.digest !== undefined && ![entry.digest, manifest].includes(image.digest)) {
    throw new FactoryError('LOCK_DIFFERS', `the digest of ${reference} differs from the lock`, {
      details: [`given:  ${image.digest}`, `locked: ${entry.digest} (${file})`],
      remedy:
        'Correct the digest in the reference; or, if the new one is intended, run: kairos-factory lock --update',
    });
  }
  return manifest === undefined
    ? { entry }
    : { entry, pin: { reference, digest: entry.digest, platform, manifest } };
}

/** Adds a pin to locked images. Pins of other platforms stay if they have the same digest. */
export function withPin(images: LockedImages, pin: Pin): LockedImages {
  const before = Object.hasOwn(images, pin.reference) ? images[pin.reference] : undefined;
  const others = before?.digest === pin.digest ? before.platforms : {};
  const entry = { digest: pin.digest, platforms: { ...others, [pin.platform]: pin.manifest } };
  return { ...images, [pin.reference]: entry };
}
