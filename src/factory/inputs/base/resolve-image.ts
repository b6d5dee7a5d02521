import { readFile } from 'node:fs/promises';
import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import { PERSON_CLIENT } from '../../../common/oci/registry/client.ts';
import type { ImageConfig, Platform } from '../../../common/oci/registry/image-manifest.ts';
import { formatImageReference, type ImageReference } from '../../../common/oci/registry/image-reference.ts';
import { formatPlatform } from '../../../common/oci/registry/platform.ts';
import { openRegistry, type Registry } from '../../../common/oci/registry/registry.ts';
import type { RegistryHost } from '../../../common/oci/registry/registry-host.ts';
import type { RegistrySettings } from '../../config/registries.ts';
import type { Runner } from '../../tools/runner.ts';
import { lockName, type Pin } from '../lock/pin.ts';
import { createRegistryHost } from './registry-host.ts';
import { placesOf, type RegistryPlace } from './registry-places.ts';

/** What reaching registries takes. */
export interface RegistryAccess {
  readonly runner: Runner;
  readonly registries: readonly RegistrySettings[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  /** Milliseconds after which a silent connection counts as dead. */
  readonly timeout?: number;
}

/** A repository that is open, at one of the places of an image. */
interface OpenPlace {
  readonly place: RegistryPlace;
  readonly host: RegistryHost;
  readonly registry: Registry;
  /** How often something is tried there. */
  readonly attempts: number | undefined;
}

/** A mirror that does not answer has others behind it: less patience. */
const MIRROR_ATTEMPTS = 2;

/**
 * Tries the places of an image one after the other until one does. A mirror that cannot be used is passed over; one that
 * delivers something else than was asked for ends it.
 * @throws FactoryError what the registry itself says, `verification` for wrong content from anywhere
 */
export async function atPlaces<T>(
  access: RegistryAccess,
  image: ImageReference,
  warn: (text: string) => void,
  use: (open: OpenPlace) => Promise<T>,
): Promise<T> {
  for (const place of placesOf(image, access.registries)) {
    try {
      return await use(await openPlace(access, place, warn));
    } catch (error) {
      if (!place.isMirror || !(error instanceof FactoryError) || error.kind !== 'step') throw error;
      warn(`the mirror ${place.reference.registry} is passed over: ${error.message}`);
    }
  }
  throw new RangeError('an image has no place');
}

/** Opens a place of an image; nothing is asked of it yet. @throws FactoryError `usage` for certificates that cannot be read */
export async function openPlace(
  { runner, env, signal, timeout }: RegistryAccess,
  place: RegistryPlace,
  warn: (text: string) => void,
): Promise<OpenPlace> {
  const ca = place.ca === undefined ? undefined : await readAuthorities(place.ca);
  const host = createRegistryHost({ runner, env, ca, warn });
  const attempts = place.isMirror ? MIRROR_ATTEMPTS : undefined;
  const registry = openRegistry(host, place.reference, {
    insecure: place.insecure,
    client: PERSON_CLIENT,
    ...(attempts === undefined ? {} : { attempts }),
    ...(signal === undefined ? {} : { signal }),
    ...(timeout === undefined ? {} : { timeout }),
  });
  return { place, host, registry, attempts };
}

/** Reads certificates of authorities. @throws FactoryError `usage` when they cannot be read, or are none */
export async function readAuthorities(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new FactoryError(
      'CONFIG_INVALID',
      `cannot read the certificates of the registry: ${messageOf(error)}`,
      {
        remedy: 'Check the path of "ca" in the key "registries".',
        cause: error,
      },
    );
  });
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new FactoryError('CONFIG_INVALID', `${file} holds no certificate in the form PEM`, {
    remedy: 'Give a file that begins with -----BEGIN CERTIFICATE-----.',
  });
}

/**
 * Asks what a reference stands for now.
 * @throws FactoryError `step` when that cannot be found out, `usage` when the image is for another arch
 */
export async function resolveImage(
  access: RegistryAccess,
  image: ImageReference,
  platform: Platform,
  warn: (text: string) => void,
): Promise<Pin> {
  return atPlaces(access, image, warn, async ({ registry }) => {
    const { digest: manifest, indexDigest, config } = await registry.resolveManifest(platform);
    requirePlatform(formatImageReference(image), config, platform);
    const digest = indexDigest ?? manifest;
    return { reference: lockName(image), digest, platform: formatPlatform(platform), manifest };
  }).catch((error: unknown) => {
    // An index without the arch is the same mistake as an image for another one; a mirror may just lack it.
    if (!(error instanceof FactoryError) || error.code !== 'PLATFORM_NOT_FOUND') throw error;
    throw new FactoryError('IMAGE_ARCH_MISMATCH', error.message, {
      details: error.details,
      remedy: OTHER_ARCH,
      cause: error,
    });
  });
}

const OTHER_ARCH = 'Give an image for that arch, or build for one that it is for.';

/** @throws FactoryError `usage` when an image is for another platform; one that does not say is taken */
export function requirePlatform(name: string, config: ImageConfig, wanted: Platform): void {
  const { os = wanted.os, architecture = wanted.architecture } = config;
  if (os === wanted.os && architecture === wanted.architecture) return;
  const found = formatPlatform({ os, architecture });
  throw new FactoryError(
    'IMAGE_ARCH_MISMATCH',
    `${name} is for ${found}, and the build for ${formatPlatform(wanted)}`,
    {
      remedy: OTHER_ARCH,
    },
  );
}
