import { join } from 'node:path';
import { GROWTH, SIZE_LABEL, VERSION_LABEL } from '../../contract/slot-size.ts';
import { FactoryError } from '../../errors/factory-error.ts';
import { walkTree } from '../../files/walk-tree.ts';
import type { Host } from '../../host/host.ts';
import { labelsOf } from '../registry/image-manifest.ts';
import { openRegistry } from '../registry/registry.ts';
import { copyTree, SKIPPED } from './copy-tree.ts';
import { openLocalImage } from './local-image.ts';
import type { Source } from './source.ts';
import { platformOf, type UnpackImageOptions, unpackImage } from './unpack-image.ts';

/** Options of {@link deploySource}. */
export interface DeploySourceOptions extends UnpackImageOptions {
  /** rsync(1) patterns of files to exclude from a directory source, in addition to {@link SKIPPED}. */
  readonly exclude?: readonly string[];
}

/** The deployed image; `digest` and `bytes` are absent for a directory. */
export interface Deployed {
  readonly digest?: string;
  readonly indexDigest?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly bytes?: number;
}

/**
 * Fills an empty directory from a source of any kind except `file:`, which is a filesystem image.
 * @throws FactoryError `usage` for `file:`; otherwise as {@link unpackImage} and {@link copyTree}
 */
export async function deploySource(
  host: Host,
  source: Source,
  options: DeploySourceOptions,
): Promise<Deployed> {
  switch (source.kind) {
    case 'oci':
    case 'ocifile':
      return unpackImage(host, source, { strictPlatform: true, ...options });
    case 'dir':
      await copyTree(host, source.path, options);
      return { labels: {} };
    case 'file':
      throw new FactoryError(
        'SOURCE_UNSUITABLE',
        `${source.path} is a filesystem image, which cannot be unpacked into a directory`,
        {
          remedy: 'Use it where a filesystem image is accepted, or name a directory with dir:.',
        },
      );
  }
}

/** The size of a source, in bytes. */
export interface SourceSize {
  /** Uncompressed size of its files. */
  readonly bytes: number;
  /** Whether `bytes` is exact rather than estimated. */
  readonly exact: boolean;
  /** Size to download or read. */
  readonly compressed: number;
  /** The version that the labels of an image state. */
  readonly version?: string;
}

/**
 * Determines the size of a source before it is deployed (docs/contract.md 1.3).
 * @throws FactoryError `step` or `verification` when the image cannot be read, `usage` when a file does not exist
 */
export async function sourceSize(
  host: Host,
  source: Source,
  options: Pick<DeploySourceOptions, 'platform' | 'insecure' | 'signal' | 'exclude' | 'digest'> = {},
): Promise<SourceSize> {
  const platform = platformOf(host, options.platform);
  switch (source.kind) {
    case 'oci': {
      const { insecure = false, signal, digest } = options;
      const reference = { ...source.reference, ...(digest && { digest }) };
      const registry = openRegistry(host, reference, { insecure, ...(signal && { signal }) });
      const { manifest, config } = await registry.resolveManifest(platform);
      const compressed = manifest.layers.reduce((sum, { size }) => sum + size, 0);
      return estimated(labelsOf(config, manifest), compressed, compressed * GROWTH.registry);
    }
    case 'ocifile': {
      const size = (await host.stat(source.path))?.size ?? 0;
      const staging = await host.temporary('kairos-size-');
      try {
        const unpacked = host.resolve(join(staging, 'archive.tar'));
        const { labels, layers } = await openLocalImage(host.resolve(source.path), { platform, unpacked });
        const compressed = layers.reduce((sum, layer) => sum + layer.size, 0);
        return estimated(labels, compressed, Math.max(size, compressed) * GROWTH.file);
      } finally {
        await host.remove(staging);
      }
    }
    case 'file': {
      const size = (await host.stat(source.path))?.size;
      if (size === undefined)
        throw new FactoryError('IMAGE_NOT_FOUND', `the image file ${source.path} does not exist`);
      return { bytes: size, exact: true, compressed: size };
    }
    case 'dir': {
      const bytes = treeSize(host.resolve(source.path));
      return { bytes, exact: true, compressed: bytes };
    }
  }
}

function estimated(labels: Readonly<Record<string, string>>, compressed: number, guess: number): SourceSize {
  const stated = labels[SIZE_LABEL] ?? '';
  const bytes = /^[1-9]\d{0,14}$/.test(stated) ? Number(stated) : undefined;
  const version = labels[VERSION_LABEL];
  return {
    bytes: bytes ?? Math.ceil(guess),
    exact: bytes !== undefined,
    compressed,
    ...(version === undefined ? {} : { version }),
  };
}

/** Total size of the files that a copy includes; hard links are counted once. */
function treeSize(root: string): number {
  const skipped: ReadonlySet<string> = new Set(SKIPPED);
  const counted = new Set<string>();
  let bytes = 0n;
  for (const { stats } of walkTree(root, (path) => skipped.has(path))) {
    if (!stats.isFile()) continue;
    const { size, nlink, dev, ino } = stats;
    const key = `${dev}:${ino}`;
    if (nlink === 1n || !counted.has(key)) bytes += size;
    if (nlink > 1n) counted.add(key);
  }
  return Number(bytes);
}
