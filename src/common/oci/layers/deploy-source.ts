import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { GROWTH, SIZE_LABEL } from '../../contract/slot-size.ts';
import { FactoryError } from '../../errors/factory-error.ts';
import type { Host } from '../../host/host.ts';
import { labelsOf } from '../registry/image-manifest.ts';
import { openRegistry } from '../registry/registry.ts';
import { copyTree, SKIPPED } from './copy-tree.ts';
import { openLocalImage } from './local-image.ts';
import type { Source } from './source.ts';
import { platformOf, type UnpackImageOptions, unpackImage } from './unpack-image.ts';

/** How a source is deployed. */
export interface DeploySourceOptions extends UnpackImageOptions {
  /** Patterns of rsync(1) for what a directory source leaves out, besides what no system keeps. */
  readonly exclude?: readonly string[];
}

/** What was deployed; a directory has no digest, and nobody counts its bytes. */
export interface Deployed {
  readonly digest?: string;
  readonly indexDigest?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly bytes?: number;
}

/**
 * Fills an empty directory from a source of any kind but `file:`, which is an image of a filesystem already.
 * @throws FactoryError `usage` for `file:`; as {@link unpackImage} and {@link copyTree} otherwise
 */
export async function deploySource(
  host: Host,
  source: Source,
  target: string,
  options: DeploySourceOptions = {},
): Promise<Deployed> {
  switch (source.kind) {
    case 'oci':
    case 'ocifile':
      return unpackImage(host, source, target, { strictPlatform: true, ...options });
    case 'dir':
      await copyTree(host, source.path, target, options.exclude);
      return { labels: {} };
    case 'file':
      throw new FactoryError(
        'SOURCE_UNSUITABLE',
        `${source.path} is an image of a filesystem; it cannot fill a directory`,
        {
          remedy: 'Use it as the image itself, or name a directory with dir:.',
        },
      );
  }
}

/** How large a source is. */
export interface SourceSize {
  /** What its files take uncompressed. */
  readonly bytes: number;
  /** Whether that is known and not estimated. */
  readonly exact: boolean;
  /** What has to be fetched or read. */
  readonly compressed: number;
}

/**
 * Finds out how large a source is before it is deployed (docs/contract.md 1.3).
 * @throws FactoryError `step` or `verification` when the image cannot be looked at, `usage` when a file is not there
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
        const { labels, layers } = await openLocalImage(host.resolve(source.path), platform, unpacked);
        const compressed = layers.reduce((sum, layer) => sum + layer.size, 0);
        return estimated(labels, compressed, Math.max(size, compressed) * GROWTH.file);
      } finally {
        await host.remove(staging);
      }
    }
    case 'file': {
      const size = (await host.stat(source.path))?.size;
      if (size === undefined)
        throw new FactoryError('IMAGE_NOT_FOUND', `there is no image file ${source.path}`);
      return { bytes: size, exact: true, compressed: size };
    }
    case 'dir': {
      const bytes = await treeSize(host.resolve(source.path));
      return { bytes, exact: true, compressed: bytes };
    }
  }
}

function estimated(labels: Readonly<Record<string, string>>, compressed: number, guess: number): SourceSize {
  const told = labels[SIZE_LABEL] ?? '';
  const bytes = /^[1-9]\d{0,14}$/.test(told) ? Number(told) : undefined;
  return { bytes: bytes ?? Math.ceil(guess), exact: bytes !== undefined, compressed };
}

/** Sum of all files, each counted once whatever its hard links, without what a copy leaves out. */
async function treeSize(root: string): Promise<number> {
  const skipped = new Set(SKIPPED.map((path) => join(root, path)));
  const counted = new Set<string>();
  let bytes = 0;
  for await (const file of filesBelow(root, skipped)) {
    const { size, nlink, dev, ino } = await lstat(file);
    const key = `${dev}:${ino}`;
    if (nlink === 1 || !counted.has(key)) bytes += size;
    if (nlink > 1) counted.add(key);
  }
  return bytes;
}

/** Paths of the regular files below a directory. */
async function* filesBelow(root: string, skipped: ReadonlySet<string>): AsyncGenerator<string> {
  const waiting = [root];
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    const entries: Dirent[] = await readdir(directory, { withFileTypes: true });
    for (const entry of entries) {
      const path = join(directory, entry.name);
      if (skipped.has(path)) continue;
      if (entry.isDirectory()) waiting.push(path);
      else if (entry.isFile()) yield path;
    }
  }
}
