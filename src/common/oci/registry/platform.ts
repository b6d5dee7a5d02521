import { FactoryError } from '../../errors/factory-error.ts';
import type { Descriptor, ImageConfig, Platform } from './image-manifest.ts';

/** Names that builders use for the architectures of an image besides Go's. */
const ALIASES: Readonly<Record<string, Pick<Platform, 'architecture' | 'variant'>>> = {
  x86_64: { architecture: 'amd64' },
  aarch64: { architecture: 'arm64' },
  armhf: { architecture: 'arm', variant: 'v7' },
};

/**
 * Parses `[linux/]ARCH[/VARIANT]`, such as `linux/amd64` or `linux/arm/v7`.
 * @throws FactoryError `usage` when it is something else, or of an OS other than Linux
 */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split('/');
  const [os, name = '', variant] = parts.length === 1 ? ['linux', ...parts] : parts;
  if (os !== 'linux' || !/^[a-z0-9_]+$/.test(name) || parts.length > 3 || variant === '') {
    throw new FactoryError('OPTION_INVALID', `"${text}" is no platform`, {
      remedy: 'Write linux/amd64 or linux/arm64.',
    });
  }
  const { architecture, variant: implied } = ALIASES[name] ?? { architecture: name };
  const wanted = variant ?? implied;
  return { os: 'linux', architecture, ...(wanted === undefined ? {} : { variant: wanted }) };
}

/** What an image says that it is for; `undefined` when it does not. */
export function platformOf({ os = 'linux', architecture, variant }: ImageConfig): Platform | undefined {
  if (architecture === undefined) return undefined;
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

/** The text of a platform. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

/**
 * The entry of an index that fits a platform best (image-spec, "Image Index"): the variant asked for, else one without a
 * variant, else the first. Entries that are no images, such as build attestations, have the platform `unknown`.
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

/** @returns the error for an index that has nothing for a platform; it names what there is */
export function noSuchPlatform(name: string, wanted: Platform, entries: readonly Descriptor[]): FactoryError {
  const known = entries.flatMap(({ platform }) =>
    platform === undefined || platform.os === 'unknown' ? [] : [formatPlatform(platform)],
  );
  return new FactoryError('PLATFORM_NOT_FOUND', `${name} has no image for ${formatPlatform(wanted)}`, {
    details: known.length === 0 ? [] : [`it has ${known.join(', ')}`],
    remedy: 'Use an image that is made for this machine.',
  });
}
