import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { NODE_PATH } from '../../contract/node-paths.ts';
import { FactoryError } from '../../errors/factory-error.ts';
import type { Host } from '../../host/host.ts';
import { downloadBlobs } from '../registry/blob-store.ts';
import { type ImageConfig, labelsOf, type Platform } from '../registry/image-manifest.ts';
import { formatPlatform, parsePlatform } from '../registry/platform.ts';
import { openRegistry } from '../registry/registry.ts';
import { applyLayers, overlayTar } from './apply-layers.ts';
import { packTree } from './copy-tree.ts';
import type { LayerFile } from './layer-stream.ts';
import { openLocalImage } from './local-image.ts';
import { formatSource, parseSource, type Source } from './source.ts';

/** Options of {@link unpackImage}. */
export interface UnpackImageOptions {
  /** Directory to unpack the image into. */
  readonly target: string;
  /** This machine's platform by default; text is parsed by {@link parsePlatform}. */
  readonly platform?: Platform | string;
  /**
   * Directory for downloads. The caller removes it after success; after a failure, its content lets the next attempt
   * resume. By default, a temporary directory that is always removed.
   */
  readonly staging?: string;
  /** Accept a registry without TLS or with an untrusted certificate. */
  readonly insecure?: boolean;
  readonly signal?: AbortSignal;
  /** Receives the downloaded bytes and their total, then the unpacked bytes of the layers and their total. */
  readonly progress?: (done: number, total: number) => void;
  /** The digest that the image or its index must have, so that the verified image is unpacked. */
  readonly digest?: string;
  /** Refuse an image for another architecture; by default only a warning, for architecture-independent files. */
  readonly strictPlatform?: boolean;
}

/** The unpacked image. */
export interface UnpackedImage {
  /** Digest of the manifest for the platform. */
  readonly digest: string;
  /** Digest of the index that lists the manifest. */
  readonly indexDigest?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Total size of the written files. */
  readonly bytes: number;
}

/** Sources that are container images. */
export type ImageSource = Extract<Source, { kind: 'oci' | 'ocifile' }>;

/**
 * Unpacks an image from a registry, an archive or a layout into a directory. If it is not empty, files that the image does
 * not replace are kept, as are the mode and owner of its directories; its links are followed, but never out of it.
 * @param source text is parsed by {@link parseSource}
 * @throws FactoryError `step` when the image cannot be fetched or written, `verification` when it is corrupt, refused or
 * has another digest, `usage` for a source that is not an image
 */
export async function unpackImage(
  host: Host,
  source: Source | string,
  options: UnpackImageOptions,
): Promise<UnpackedImage> {
  const from = imageSource(source);
  const { target, staging, signal, progress } = options;
  const platform = platformOf(host, options.platform);
  const directory = staging ?? (await scratch(host));
  try {
    const image = await fetchImage(host, from, { ...options, directory, platform });
    checkPlatform(host, image.config, {
      source: from,
      wanted: platform,
      isStrict: options.strictPlatform ?? false,
    });
    await host.makeDirectory(target);
    const isEmpty = (await host.list(target)).every((name) => name === 'lost+found');
    const tree = isEmpty ? target : join(directory, 'tree');
    if (!isEmpty) {
      await host.remove(tree);
      await host.makeDirectory(tree);
    }
    const layers = await image.layers();
    const bytes = await applyLayers(host, layers, { target: host.resolve(tree), signal, progress });
    if (!isEmpty) {
      // Layers remove files of each other, but no existing files.
      await overlayTar(host, packTree(host, host.resolve(tree)), { target: host.resolve(target), signal });
      await host.remove(tree);
    }
    const { digest, indexDigest, labels } = image;
    return { digest, labels, bytes, ...(indexDigest === undefined ? {} : { indexDigest }) };
  } finally {
    if (staging === undefined) await host.remove(directory);
  }
}

function imageSource(source: Source | string): ImageSource {
  const parsed = typeof source === 'string' ? parseSource(source) : source;
  if (parsed.kind === 'oci' || parsed.kind === 'ocifile') return parsed;
  throw new FactoryError('SOURCE_UNSUITABLE', `${formatSource(parsed)} is not a container image`, {
    remedy: 'Use oci:REGISTRY/NAME:TAG or ocifile:FILE.',
  });
}

/** Returns the requested platform, or the machine's. */
export function platformOf(host: Host, platform: Platform | string | undefined): Platform {
  return typeof platform === 'object' ? platform : parsePlatform(platform || host.arch);
}

/** Creates a directory on the persistent partition, if there is one: /tmp is in memory, which images may exceed. */
async function scratch(host: Host): Promise<string> {
  const persistent = NODE_PATH.persistent;
  if ((await host.stat(persistent))?.kind === 'directory') {
    const directory = `${persistent}/.kairos-unpack-${randomBytes(6).toString('hex')}`;
    const isMade = await host.makeDirectory(directory, 0o700).then(
      () => true,
      () => false,
    );
    if (isMade) return directory;
  }
  return host.temporary('kairos-image-');
}

interface FetchedImage {
  readonly digest: string;
  readonly indexDigest?: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly config: ImageConfig;
  readonly layers: () => Promise<readonly LayerFile[]>;
}

async function fetchImage(
  host: Host,
  source: ImageSource,
  options: UnpackImageOptions & { readonly directory: string; readonly platform: Platform },
): Promise<FetchedImage> {
  const { directory, platform, insecure = false, signal, progress } = options;
  if (source.kind === 'ocifile') {
    await host.makeDirectory(directory, 0o700);
    const unpacked = host.resolve(join(directory, 'archive.tar'));
    const image = await openLocalImage(host.resolve(source.path), { platform, unpacked });
    const { digest, indexDigest } = image;
    if (options.digest !== undefined && ![digest, indexDigest].includes(options.digest)) {
      throw new FactoryError('DIGEST_MISMATCH', `${source.path} is not the image that was verified`, {
        details: [`expected ${options.digest}`, `found ${digest}`],
        remedy: 'Copy it again.',
      });
    }
    return { ...image, layers: async () => image.layers };
  }
  const reference = { ...source.reference, ...(options.digest && { digest: options.digest }) };
  const registry = openRegistry(host, reference, { insecure, ...(signal && { signal }) });
  const { manifest, config, digest, indexDigest } = await registry.resolveManifest(platform);
  return {
    digest,
    indexDigest,
    config,
    labels: labelsOf(config, manifest),
    layers: async () => {
      const files = await downloadBlobs(host, registry, {
        blobs: manifest.layers,
        directory,
        signal,
        progress,
      });
      return manifest.layers.map(({ size }, index) => ({ file: files[index] ?? '', start: 0, size }));
    },
  };
}

function checkPlatform(
  host: Host,
  { architecture, os }: ImageConfig,
  {
    source,
    wanted,
    isStrict,
  }: { readonly source: Source; readonly wanted: Platform; readonly isStrict: boolean },
): void {
  if (!architecture || (architecture === wanted.architecture && (!os || os === wanted.os))) return;
  const found = formatPlatform({ os: os || 'linux', architecture });
  const message = `${formatSource(source)} is for ${found}, not for ${formatPlatform(wanted)}`;
  if (isStrict) {
    throw new FactoryError('CONTENT_ARCH_MISMATCH', message, {
      remedy: 'Use an image for the architecture of this machine.',
    });
  }
  host.log('warn', message);
}
