import { FactoryError } from '../../../common/errors/factory-error.ts';
import { formatImageReference, type ImageReference } from '../../../common/oci/registry/image-reference.ts';
import type { LockedImage, LockedImages } from './lock-file.ts';

/** What a reference stands for on one platform. */
export interface Pin {
  /** The reference as the lock has it. */
  readonly reference: string;
  /** Of what the tag names: an index, or a manifest where there is none. */
  readonly digest: string;
  /** Such as `linux/amd64`. */
  readonly platform: string;
  /** Digest of the manifest for the platform. */
  readonly manifest: string;
}

/** The name of a reference in a lock: without a digest where it has a tag, so that both can be compared. */
export function lockName(image: ImageReference): string {
  return formatImageReference(image.tag === undefined ? image : { ...image, digest: undefined });
}

/**
 * What a lock says about a reference.
 * @param file name of the lock, for messages
 * @returns the entry, if there is one, and the pin, if it has the platform, too
 * @throws FactoryError `verification` when the reference's own digest is another one
 */
export function lockedPin(
  images: LockedImages,
  image: ImageReference,
  platform: string,
  file: string,
): { readonly entry?: LockedImage; readonly pin?: Pin } {
  const reference = lockName(image);
  const entry = Object.hasOwn(images, reference) ? images[reference] : undefined;
  if (entry === undefined) return {};
  const manifest = Object.hasOwn(entry.platforms, platform) ? entry.platforms[platform] : undefined;
  if (image.digest !== undefined && ![entry.digest, manifest].includes(image.digest)) {
    throw new FactoryError('LOCK_DIFFERS', `${reference} is locked to another digest than it is given with`, {
      details: [`given:  ${image.digest}`, `locked: ${entry.digest} (${file})`],
      remedy:
        'Correct the digest in the reference; or, if the new one is meant, run: kairos-factory lock --update',
    });
  }
  return manifest === undefined
    ? { entry }
    : { entry, pin: { reference, digest: entry.digest, platform, manifest } };
}

/** A lock with a pin added; what it had on other platforms of the same digest stays. */
export function withPin(images: LockedImages, pin: Pin): LockedImages {
  const before = Object.hasOwn(images, pin.reference) ? images[pin.reference] : undefined;
  const others = before?.digest === pin.digest ? before.platforms : {};
  const entry = { digest: pin.digest, platforms: { ...others, [pin.platform]: pin.manifest } };
  return { ...images, [pin.reference]: entry };
}
