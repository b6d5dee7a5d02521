import { FactoryError } from '../../errors/factory-error.ts';
import type { Descriptor, ImageConfig, Platform } from './image-manifest.ts';

/** Other names of architectures, which builders use instead of Go's. */
const ALIASES: Readonly<Record<string, Pick<Platform, 'architecture' | 'variant'>>> = {
  x86_64: { architecture: 'amd64' },
  aarch64: { architecture: 'arm64' },
  armhf: { architecture: 'arm', variant: 'v7' },
};

/**
 * Parses `[linux/]ARCH[/VARIANT]`, such as `linux/amd64` or `linux/arm/v7`.
 * @throws FactoryError `usage` when it is malformed, or the OS is not Linux
 */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split('/');
  const [os, name = '', variant] = parts.length === 1 ? ['linux', ...parts] : parts;
  if (os !== 'linux' || !/^[a-z0-9_]+$/.test(name) || parts.length > 3 || variant === '') {
    throw new FactoryError('OPTION_INVALID', `"${text}" is not a platform`, {
      remedy: 'Write linux/amd64 or linux/arm64.',
    });
  }
  const { architecture, variant: implied } = ALIASES[name] ?? { architecture: name };
  const wanted = variant ?? implied;
  return { os: 'linux', architecture, ...(wanted === undefined ? {} : { variant: wanted }) };
}

/** Returns the platform that an image states; `undefined` when it states none. */
export function platformOf({ os = 'linux', architecture, variant }: ImageConfig): Platform | undefined {
  if (architecture === undefined) return undefined;
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

/** Formats a platform as `OS/ARCH[/VARIANT]`. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

/**
 * Selects the entry of an index for a platform (image-spec, "Image Index"): the one with the requested variant, else one
 * without a variant, else the first. Entries that are not images, such as attestations, have the platform `unknown`.
 */
export function choosePlatform(entries: readonly Descriptor[], wanted: Platform): Descriptor | undefined {
  const fitting = entries.filter(({ platform }) => {
    if (platform === undefined) return false;
    return platform.os === wanted.os && platform.architecture === wanted.architecture;
  });
  const variant = wanted.variant ?? (wanted.architecture === 'arm64' ? 'v8' : undefined);
  return (
    fitting.find(({ platform }) => platform?.variant === variant) ??
    fitting.find(({ platform }) => platform?.variant === undefined) ??
    (wanted.variant === undefined ? fitting[0] : undefined)
  );
}

/** Returns the error for an index without an image for a platform; it lists the available platforms. */
export function noSuchPlatform(name: string, wanted: Platform, entries: readonly Descriptor[]): FactoryError {
  const known = entries.flatMap(({ platform }) =>
    platform === undefined || platform.os === 'unknown' ? [] : [formatPlatform(platform)],
  );
  return new FactoryError('PLATFORM_NOT_FOUND', `${name} has no image for ${formatPlatform(wanted)}`, {
    details: known.length === 0 ? [] : [`it has ${known.join(', ')}`],
    remedy: 'Use an image for the architecture of this machine.',
  });
}
