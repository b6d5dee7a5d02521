import { join } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { blobFileName, digestOf, expectDigest } from '../../../common/files/digest.ts';
import { parseManifest } from '../../../common/oci/registry/image-manifest.ts';
import { formatImageReference, type ImageReference } from '../../../common/oci/registry/image-reference.ts';
import { registryReader } from '../../../common/oci/registry/registry-reader.ts';
import { MAX_BYTES, type RegistryReader } from '../../../common/oci/registry/repository-reader.ts';
import type { TrustRule } from '../../../common/trust/policy.ts';
import { type Verified, verifyImage } from '../../../common/trust/verify-image.ts';
import type { Pin } from '../lock/pin.ts';
import { recordedReader, recordingReader } from './recorded-reader.ts';
import { placesOf } from './registry-places.ts';
import { openPlace, type RegistryAccess } from './resolve-image.ts';

/** How signatures of a base are looked for. */
export interface BaseTrustOptions {
  readonly access: RegistryAccess;
  /** Directory that keeps what registries said, for `offline`. */
  readonly directory: string;
  /** Ask no registry. */
  readonly offline: boolean;
  readonly notice: (text: string) => void;
}

/** Indexes within indexes end here. */
const NESTING = 3;

/**
 * Checks that an image is signed as a rule asks: the manifest that is used, or an index that leads to it. A mirror is
 * asked like the registry itself, because a signature is worth the same wherever it lies. Without a network, what was read
 * the last time is verified again.
 * @throws FactoryError `verification` when it is not signed, `step` without a network when nothing was kept
 */
export async function checkBaseTrust(
  image: ImageReference,
  pin: Pin,
  rule: TrustRule,
  options: BaseTrustOptions,
): Promise<void> {
  const file = join(options.directory, `${blobFileName(pin.digest)}-${blobFileName(pin.manifest)}.json`);
  const verified = options.offline
    ? await checkRecorded(image, pin, rule, file)
    : await checkAtPlaces(image, pin, rule, file, options);
  const keys = verified.signatures.map(({ key }) => key).join(', ');
  options.notice(`${pin.reference} (${verified.digest}) is signed by ${keys}, as trust.base asks`);
}

async function checkRecorded(
  image: ImageReference,
  pin: Pin,
  rule: TrustRule,
  file: string,
): Promise<Verified> {
  const reader = await recordedReader(file);
  if (reader !== undefined) return check(reader, image, pin, rule);
  throw new FactoryError(
    'NOT_CACHED',
    `no signature of ${pin.reference} is in the cache, and --offline fetches none`,
    {
      remedy: 'Run the same command once without --offline, where there is a network.',
    },
  );
}

async function checkAtPlaces(
  image: ImageReference,
  pin: Pin,
  rule: TrustRule,
  file: string,
  { access, notice }: BaseTrustOptions,
): Promise<Verified> {
  let refusal: unknown;
  for (const place of placesOf(image, access.registries)) {
    try {
      const { registry } = await openPlace(access, place, notice);
      const reader = recordingReader(registryReader(registry));
      const verified = await check(reader, image, pin, rule);
      await reader.save(file);
      return verified;
    } catch (error) {
      if (error instanceof FactoryError && error.kind === 'interrupted') throw error;
      // What the last one says, which is the registry itself, is what is told.
      refusal = error;
    }
  }
  throw refusal;
}

async function check(
  reader: RegistryReader,
  image: ImageReference,
  pin: Pin,
  rule: TrustRule,
): Promise<Verified> {
  const { registry, repository } = image;
  const digests: [string, ...string[]] =
    pin.digest === pin.manifest ? [pin.digest] : [pin.digest, pin.manifest];
  const verified = await verifyImage(reader, { registry, repository, digests }, { rules: [rule] });
  // A signed index vouches for what it names, and a lock file could name anything beside it.
  if (verified.digest === pin.manifest || (await leadsTo(reader, verified.digest, pin.manifest, 0)))
    return verified;
  throw new FactoryError(
    'LOCK_DIFFERS',
    `${formatImageReference(image)}: the signed index ${verified.digest} does not have the manifest ${pin.manifest}`,
    { remedy: 'Restore the lock file, or renew it with: kairos-factory lock --update' },
  );
}

async function leadsTo(
  reader: RegistryReader,
  index: string,
  manifest: string,
  depth: number,
): Promise<boolean> {
  const found = await reader.manifest(index);
  if (found === undefined || found.bytes.length > MAX_BYTES || depth === NESTING) return false;
  expectDigest(`the index ${index}`, index, digestOf(found.bytes, index));
  const parsed = parseManifest(index, found.bytes);
  if (parsed.kind !== 'index') return false;
  for (const { digest, mediaType } of parsed.index.manifests) {
    if (digest === manifest) return true;
    const isIndex = mediaType.includes('index') || mediaType.includes('manifest.list');
    if (isIndex && (await leadsTo(reader, digest, manifest, depth + 1))) return true;
  }
  return false;
}
