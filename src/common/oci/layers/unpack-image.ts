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

/** How an image is fetched and unpacked. */
export interface UnpackImageOptions {
  /** That of this machine by default; text is as of {@link parsePlatform}. */
  readonly platform?: Platform | string;
  /**
   * Directory for what is downloaded. The caller removes it after success; what is left there after a failure is gone on
   * with. A temporary directory, always removed, by default.
   */
  readonly staging?: string;
  /** Let the registry go without TLS, or with any certificate. */
  readonly insecure?: boolean;
  readonly signal?: AbortSignal;
  /** Bytes that were downloaded, of all; then bytes of the layers that were unpacked, of all. */
  readonly progress?: (done: number, total: number) => void;
  /** The image must have this digest, or that of its index: what was verified is what is unpacked. */
  readonly digest?: string;
  /** Refuse an image of another architecture; a warning by default, for files that fit any machine. */
  readonly strictPlatform?: boolean;
}

/** What was unpacked. */
export interface UnpackedImage {
  /** Of the manifest for the platform. */
  readonly digest: string;
  /** Of the index that it was found by. */
  readonly indexDigest?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Of all files that were written. */
  readonly bytes: number;
}

/** Sources that are container images. */
export type ImageSource = Extract<Source, { kind: 'oci' | 'ocifile' }>;

/**
 * Unpacks an image from a registry, an archive or a layout into a directory. One that is not empty keeps what the image
 * does not replace, and the mode and owner of its directories; its links are followed, but never out of it.
 * @param source text is as of {@link parseSource}
 * @throws FactoryError `step` when it cannot be fetched or written, `verification` when it is not what it should be,
 * `usage` for a source that is no image
 */
export async function unpackImage(
  host: Host,
  source: ImageSource | string,
  target: string,
  options: UnpackImageOptions = {},
): Promise<UnpackedImage> {
  const from = imageSource(source);
  const { staging, signal, progress } = options;
  const platform = platformOf(host, options.platform);
  const directory = staging ?? (await scratch(host));
  try {
    const image = await fetchImage(host, from, { ...options, directory, platform });
    checkPlatform(host, from, image.config, platform, options.strictPlatform ?? false);
    await host.makeDirectory(target);
    const isEmpty = (await host.list(target)).every((name) => name === 'lost+found');
    const tree = isEmpty ? target : join(directory, 'tree');
    if (!isEmpty) {
      await host.remove(tree);
      await host.makeDirectory(tree);
    }
    const layers = await image.layers();
    const bytes = await applyLayers(host, layers, host.resolve(tree), { signal, progress });
    if (!isEmpty) {
      // Layers remove files of one another, but none that were there before.
      await overlayTar(host, packTree(host, host.resolve(tree)), host.resolve(target), signal);
      await host.remove(tree);
    }
    const { digest, indexDigest, labels } = image;
    return { digest, labels, bytes, ...(indexDigest === undefined ? {} : { indexDigest }) };
  } finally {
    if (staging === undefined) await host.remove(directory);
  }
}

function imageSource(source: ImageSource | string): ImageSource {
  const parsed = typeof source === 'string' ? parseSource(source) : source;
  if (parsed.kind === 'oci' || parsed.kind === 'ocifile') return parsed;
  throw new FactoryError('SOURCE_UNSUITABLE', `${formatSource(parsed)} is no container image`, {
    remedy: 'Use oci:REGISTRY/NAME:TAG or ocifile:FILE.',
  });
}

/** The platform that is asked for, or that of the machine. */
export function platformOf(host: Host, platform: Platform | string | undefined): Platform {
  return typeof platform === 'object' ? platform : parsePlatform(platform || host.arch);
}

/** Images are larger than what fits into memory, where /tmp is; the persistent partition is better if there is one. */
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
    const image = await openLocalImage(host.resolve(source.path), platform, unpacked);
    const { digest, indexDigest } = image;
    if (options.digest !== undefined && ![digest, indexDigest].includes(options.digest)) {
      throw new FactoryError(
        'DIGEST_MISMATCH',
        `${source.path} is another image than the one that was verified`,
        {
          details: [`expected ${options.digest}`, `found ${digest}`],
          remedy: 'Copy it again.',
        },
      );
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
      const files = await downloadBlobs(host, registry, manifest.layers, { directory, signal, progress });
      return manifest.layers.map(({ size }, index) => ({ file: files[index] ?? '', start: 0, size }));
    },
  };
}

function checkPlatform(
  host: Host,
  source: Source,
  { architecture, os }: ImageConfig,
  wanted: Platform,
  isStrict: boolean,
): void {
  if (!architecture || (architecture === wanted.architecture && (!os || os === wanted.os))) return;
  const found = formatPlatform({ os: os || 'linux', architecture });
  const message = `${formatSource(source)} is made for ${found}, not for ${formatPlatform(wanted)}`;
  if (isStrict) {
    throw new FactoryError('CONTENT_ARCH_MISMATCH', message, {
      remedy: 'Use an image that is made for this machine.',
    });
  }
  host.log('warn', message);
}
