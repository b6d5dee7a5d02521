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

/** The image to check, and the signatures that it must have. */
export interface TrustSubject {
  readonly image: ImageReference;
  readonly pin: Pin;
  readonly rule: TrustRule;
}

/** Options for finding the signatures of a base. */
export interface BaseTrustOptions {
  readonly access: RegistryAccess;
  /** Directory that keeps the answers of registries, for `offline`. */
  readonly directory: string;
  /** Send no request to a registry. */
  readonly offline: boolean;
  readonly notice: (text: string) => void;
}

/** Maximum depth of nested indexes. */
const NESTING = 3;

/**
 * Checks that an image has the signatures that a rule requires, on the manifest in use or on an index that contains it.
 * Mirrors are as good as the registry, because a signature is equally valid anywhere. Offline, the answers of the last
 * time are verified again.
 * @throws FactoryError `verification` when it is not signed, `step` when it is offline and nothing was kept
 */
export async function checkBaseTrust(subject: TrustSubject, options: BaseTrustOptions): Promise<void> {
  const { pin } = subject;
  const file = join(options.directory, `${blobFileName(pin.digest)}-${blobFileName(pin.manifest)}.json`);
  const verified = options.offline
    ? await checkRecorded(subject, file)
    : await checkAtPlaces(subject, file, options);
  const keys = verified.signatures.map(({ key }) => key).join(', ');
  options.notice(`${pin.reference} (${verified.digest}) is signed by ${keys}, as trust.base requires`);
}

async function checkRecorded(subject: TrustSubject, file: string): Promise<Verified> {
  const reader = await recordedReader(file);
  if (reader !== undefined) return check(reader, subject);
  throw new FactoryError(
    'NOT_CACHED',
    `the signature of ${subject.pin.reference} is not in the cache, and --offline forbids fetching it`,
    {
      remedy: 'Run the same command once without --offline, with network access.',
    },
  );
}

async function checkAtPlaces(
  subject: TrustSubject,
  file: string,
  { access, notice }: BaseTrustOptions,
): Promise<Verified> {
  let refusal: unknown;
  for (const place of placesOf(subject.image, access.registries)) {
    try {
      const { registry } = await openPlace(access, place, notice);
      const reader = recordingReader(registryReader(registry));
      const verified = await check(reader, subject);
      await reader.save(file);
      return verified;
    } catch (error) {
      if (error instanceof FactoryError && error.kind === 'interrupted') throw error;
      // The last place is the registry itself: its error is the one to report.
      refusal = error;
    }
  }
  throw refusal;
}

async function check(reader: RegistryReader, { image, pin, rule }: TrustSubject): Promise<Verified> {
  const { registry, repository } = image;
  const digests: [string, ...string[]] =
    pin.digest === pin.manifest ? [pin.digest] : [pin.digest, pin.manifest];
  const verified = await verifyImage(reader, { registry, repository, digests }, { rules: [rule] });
  // A signed index vouches only for its own manifests, and a lock file could name any other manifest.
  if (
    verified.digest === pin.manifest ||
    (await leadsTo(reader, { index: verified.digest, manifest: pin.manifest }))
  )
    return verified;
  throw new FactoryError(
    'LOCK_DIFFERS',
    `${formatImageReference(image)}: the signed index ${verified.digest} does not have the manifest ${pin.manifest}`,
    { remedy: 'Restore the lock file, or renew it with: kairos-factory lock --update' },
  );
}

async function leadsTo(
  reader: RegistryReader,
  { index, manifest }: { readonly index: string; readonly manifest: string },
  depth = 0,
): Promise<boolean> {
  const found = await reader.manifest(index);
  if (found === undefined || found.bytes.length > MAX_BYTES || depth === NESTING) return false;
  expectDigest(`the index ${index}`, index, digestOf(found.bytes, index));
  const parsed = parseManifest(index, found.bytes);
  if (parsed.kind !== 'index') return false;
  for (const { digest, mediaType } of parsed.index.manifests) {
    if (digest === manifest) return true;
    const isIndex = mediaType.includes('index') || mediaType.includes('manifest.list');
    if (isIndex && (await leadsTo(reader, { index: digest, manifest }, depth + 1))) return true;
  }
  return false;
}
