import { existsSync } from 'node:fs';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { type ImageReference, parseImageReference } from '../../../common/oci/registry/image-reference.ts';
import { parsePlatform } from '../../../common/oci/registry/platform.ts';
import { changeLock, type LockedImages, readLock } from '../lock/lock-file.ts';
import { lockedPin, lockName, type Pin, withPin } from '../lock/pin.ts';
import { type RegistryAccess, resolveImage } from './resolve-image.ts';

/** A registry image to lock, and the architecture to lock it for. */
export interface WantedImage {
  readonly image: ImageReference;
  readonly arch: string;
}

/** The digests of a reference before and after locking; absent when it was not locked then. */
export interface LockChange {
  readonly reference: string;
  readonly before?: string;
  readonly after?: string;
}

/** How to change a lock. */
export interface LockRequest {
  readonly file: string;
  /** The images to lock; others are dropped. When absent, the images that are already locked. */
  readonly wanted: readonly WantedImage[] | undefined;
  /** Whether to resolve images again that are already locked. */
  readonly update: boolean;
}

/**
 * Adds missing images to a lock, or updates all of them, and writes the lock if it differs.
 * @param warn receives a message for everything that is skipped
 * @returns every reference, sorted, including unchanged ones
 * @throws FactoryError as `resolveImage`, `readLock` and `lockedPin` do; the lock then remains unchanged
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
      ? await updateImage({ access, before, after, warn }, { image, arch })
      : await addImage({ access, before, after, warn }, { image, arch });
  }
  if (JSON.stringify(after) !== JSON.stringify(before) && (existsSync(file) || wanted?.length)) {
    await changeLock(file, (lock) => ({ ...lock, images: changed(lock.images, before, after) }));
  }
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.map((reference) => ({
    reference,
    ...(before[reference] ? { before: before[reference].digest } : {}),
    ...(after[reference] ? { after: after[reference].digest } : {}),
  }));
}

/** Applies the difference of two states to a third, which may have entries of another writer. */
function changed(images: LockedImages, before: LockedImages, after: LockedImages): LockedImages {
  const others = Object.entries(images).filter(([name]) => !Object.hasOwn(before, name));
  return { ...Object.fromEntries(others), ...after };
}

/** The state of a lock while it changes. */
interface LockState {
  readonly access: RegistryAccess;
  readonly before: LockedImages;
  readonly after: LockedImages;
  readonly warn: (text: string) => void;
}

async function addImage(
  { access, before, after, warn }: LockState,
  { image, arch }: WantedImage,
): Promise<LockedImages> {
  const wanted = { image, platform: `linux/${arch}` };
  const { entry, pin } = lockedPin({ ...before, ...after }, wanted, 'in the lock');
  const kept = entry ? { ...after, [lockName(image)]: entry } : after;
  if (pin) return kept;
  const exact = entry ? { ...image, digest: entry.digest } : image;
  return withPin(kept, await resolveImage(access, { image: exact, platform: parsePlatform(arch) }, warn));
}

async function updateImage(
  { access, before, after, warn }: LockState,
  { image, arch }: WantedImage,
): Promise<LockedImages> {
  const name = lockName(image);
  const first = after[name];
  // All platforms must come from one index, even if the tag moves meanwhile.
  const exact = first ? { ...image, digest: first.digest } : image;
  let images = withPin(
    after,
    await resolveImage(access, { image: exact, platform: parsePlatform(arch) }, warn),
  );
  const digest = images[name]?.digest;
  for (const platform of Object.keys(before[name]?.platforms ?? {})) {
    if (images[name]?.platforms[platform] !== undefined || digest === undefined) continue;
    const other = { image: { ...image, digest }, platform: parsePlatform(platform) };
    const pin = await resolveImage(access, other, warn).catch((error: unknown): Pin | undefined => {
      if (!(error instanceof FactoryError) || error.kind === 'verification') throw error;
      warn(`${name} is no longer locked for ${platform}: ${error.message}`);
      return undefined;
    });
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
