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

/** Settings and services for access to registries. */
export interface RegistryAccess {
  readonly runner: Runner;
  readonly registries: readonly RegistrySettings[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  /** Milliseconds without data after which a connection counts as dead. */
  readonly timeout?: number;
}

/** An open repository at one of an image's places. */
interface OpenPlace {
  readonly place: RegistryPlace;
  readonly host: RegistryHost;
  readonly registry: Registry;
  /** Maximum number of attempts per request; the default when absent. */
  readonly attempts: number | undefined;
}

/** Attempts per request at a mirror: fewer than the default, because there are other places to try. */
const MIRROR_ATTEMPTS = 2;

/**
 * Tries the places of an image in order until one works. A mirror that fails is skipped, but wrong content from any place
 * is an error.
 * @throws FactoryError the error of the registry itself; `verification` for wrong content from any place
 */
export async function atPlaces<T>(
  {
    access,
    image,
    warn,
  }: {
    readonly access: RegistryAccess;
    readonly image: ImageReference;
    readonly warn: (text: string) => void;
  },
  use: (open: OpenPlace) => Promise<T>,
): Promise<T> {
  for (const place of placesOf(image, access.registries)) {
    try {
      return await use(await openPlace(access, place, warn));
    } catch (error) {
      if (!place.isMirror || !canSkip(error)) throw error;
      warn(`skipping the mirror ${place.reference.registry}: ${messageOf(error)}`);
    }
  }
  throw new RangeError('the image has no places');
}

/** Whether another place may still have the image. Nothing has been received over a refused redirect. */
function canSkip(error: unknown): boolean {
  if (!(error instanceof FactoryError)) return false;
  return error.kind === 'step' || error.code === 'REDIRECT_WITHOUT_TLS';
}

/** Opens a place of an image without sending a request. @throws FactoryError `usage` when its certificates cannot be read */
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

/** Reads CA certificates. @throws FactoryError `usage` when the file cannot be read or has no certificates */
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
  throw new FactoryError('CONFIG_INVALID', `${file} has no certificate in PEM format`, {
    remedy: 'Use a file that starts with -----BEGIN CERTIFICATE-----.',
  });
}

/**
 * Resolves a reference at its registry.
 * @throws FactoryError `step` when it cannot be resolved, `usage` when the image is for another architecture
 */
export async function resolveImage(
  access: RegistryAccess,
  { image, platform }: { readonly image: ImageReference; readonly platform: Platform },
  warn: (text: string) => void,
): Promise<Pin> {
  return atPlaces({ access, image, warn }, async ({ registry }) => {
    const { digest: manifest, indexDigest, config } = await registry.resolveManifest(platform);
    requirePlatform(formatImageReference(image), config, platform);
    const digest = indexDigest ?? manifest;
    return { reference: lockName(image), digest, platform: formatPlatform(platform), manifest };
  }).catch((error: unknown) => {
    // An index without the architecture is the same mistake as an image for another one, unless a mirror is incomplete.
    if (!(error instanceof FactoryError) || error.code !== 'PLATFORM_NOT_FOUND') throw error;
    throw new FactoryError('IMAGE_ARCH_MISMATCH', error.message, {
      details: error.details,
      remedy: OTHER_ARCH,
      cause: error,
    });
  });
}

const OTHER_ARCH =
  'Use an image for that architecture, or build for an architecture that the image supports.';

/**
 * Checks the platform that an image's configuration declares. One that declares none is accepted.
 * @throws FactoryError `usage` when it is for another platform
 */
export function requirePlatform(name: string, config: ImageConfig, wanted: Platform): void {
  const { os = wanted.os, architecture = wanted.architecture } = config;
  if (os === wanted.os && architecture === wanted.architecture) return;
  const found = formatPlatform({ os, architecture });
  throw new FactoryError(
    'IMAGE_ARCH_MISMATCH',
    `${name} is for ${found}, but the build is for ${formatPlatform(wanted)}`,
    {
      remedy: OTHER_ARCH,
    },
  );
}
