import { existsSync } from 'node:fs';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { type ImageReference, parseImageReference } from '../../../common/oci/registry/image-reference.ts';
import { parsePlatform } from '../../../common/oci/registry/platform.ts';
import { changeLock, type LockedImages, readLock } from '../lock/lock-file.ts';
import { lockedPin, lockName, type Pin, withPin } from '../lock/pin.ts';
import { type RegistryAccess, resolveImage } from './resolve-image.ts';

/** An image of a registry that a lock is to have, and for which arch. */
export interface WantedImage {
  readonly image: ImageReference;
  readonly arch: string;
}

/** What became of a reference: digests before and after, where it had and has one. */
export interface LockChange {
  readonly reference: string;
  readonly before?: string;
  readonly after?: string;
}

/** What to do with a lock. */
export interface LockRequest {
  readonly file: string;
  /** All that it is to have, the rest is dropped; what it has already when absent. */
  readonly wanted: readonly WantedImage[] | undefined;
  /** Ask anew for what is locked already. */
  readonly update: boolean;
}

/**
 * Completes a lock, or renews it, and writes it when that makes a difference.
 * @param warn told what is passed over
 * @returns what became of each reference, also where nothing changed, in their order
 * @throws FactoryError as `resolveImage`, `readLock` and `lockedPin` do; the lock stays as it was then
 */
export async function lockImages(
  access: RegistryAccess,
  { file, wanted, update }: LockRequest,
  warn: (text: string) => void,
): Promise<LockChange[]> {
  const before = readLock(file).images;
  let after: LockedImages = {};
  for (const { image, arch } of wanted ?? imagesOf(before)) {
    after = update
      ? await renewed(access, before, after, { image, arch }, warn)
      : await completed(access, before, after, { image, arch }, warn);
  }
  if (JSON.stringify(after) !== JSON.stringify(before) && (existsSync(file) || wanted?.length)) {
    changeLock(file, (lock) => ({ ...lock, images: after }));
  }
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.map((reference) => ({
    reference,
    ...(before[reference] ? { before: before[reference].digest } : {}),
    ...(after[reference] ? { after: after[reference].digest } : {}),
  }));
}

async function completed(
  access: RegistryAccess,
  before: LockedImages,
  after: LockedImages,
  { image, arch }: WantedImage,
  warn: (text: string) => void,
): Promise<LockedImages> {
  const { entry, pin } = lockedPin({ ...before, ...after }, image, `linux/${arch}`, 'in the lock');
  const kept = entry ? { ...after, [lockName(image)]: entry } : after;
  if (pin) return kept;
  const exact = entry ? { ...image, digest: entry.digest } : image;
  return withPin(kept, await resolveImage(access, exact, parsePlatform(arch), warn));
}

async function renewed(
  access: RegistryAccess,
  before: LockedImages,
  after: LockedImages,
  { image, arch }: WantedImage,
  warn: (text: string) => void,
): Promise<LockedImages> {
  const name = lockName(image);
  const first = after[name];
  // All platforms are to be of one index, whatever is pushed meanwhile.
  const exact = first ? { ...image, digest: first.digest } : image;
  let images = withPin(after, await resolveImage(access, exact, parsePlatform(arch), warn));
  const digest = images[name]?.digest;
  for (const platform of Object.keys(before[name]?.platforms ?? {})) {
    if (images[name]?.platforms[platform] !== undefined || digest === undefined) continue;
    const pin = await resolveImage(access, { ...image, digest }, parsePlatform(platform), warn).catch(
      (error: unknown): Pin | undefined => {
        if (!(error instanceof FactoryError) || error.kind === 'verification') throw error;
        warn(`${name} is no longer locked for ${platform}: ${error.message}`);
        return undefined;
      },
    );
    if (pin) images = withPin(images, pin);
  }
  return images;
}

function imagesOf(locked: LockedImages): WantedImage[] {
  return Object.entries(locked).flatMap(([name, { platforms }]) =>
    Object.keys(platforms).map((platform) => ({
      image: parseImageReference(name),
      arch: platform.slice('linux/'.length),
    })),
  );
}
