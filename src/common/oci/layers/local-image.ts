import { z } from 'zod';
import { FactoryError } from '../../errors/factory-error.ts';
import { digestOf, expectDigest } from '../../files/digest.ts';
import {
  type Descriptor,
  type ImageConfig,
  labelsOf,
  type Manifest,
  type Platform,
  parseConfig,
  parseManifest,
} from '../registry/image-manifest.ts';
import { choosePlatform, noSuchPlatform } from '../registry/platform.ts';
import { type ImageFiles, openImageFiles, unusable } from './image-files.ts';
import type { LayerFile } from './layer-stream.ts';

/** An image in a local file or directory. */
export interface LocalImage {
  /** Digest of the manifest, or of the configuration in an archive without manifests. */
  readonly digest: string;
  readonly indexDigest?: string;
  readonly config: ImageConfig;
  readonly labels: Readonly<Record<string, string>>;
  readonly layers: readonly LayerFile[];
}

/** Options of {@link openLocalImage}. */
export interface LocalImageOptions {
  /** The platform to select. */
  readonly platform: Platform;
  /** Path to which a compressed archive is decompressed. */
  readonly unpacked: string;
  /** Tag of the image in an OCI layout; required if it has several images. */
  readonly tag?: string | undefined;
}

const LIMIT = 8 * 1024 * 1024;
const NESTING = 3;
/** moby, "Docker Image Specification v1.2.0". */
const dockerSchema = z
  .array(z.looseObject({ Config: z.string(), Layers: z.array(z.string()).max(1024) }))
  .min(1);

/**
 * Opens an OCI layout, as a directory or a tar (image-spec 1.1, "Image Layout"), or an archive of "docker save". The
 * returned layers are not verified yet; they have the digests to verify.
 * @param path host path of the directory or archive
 * @throws FactoryError `verification` when it is not an image, `step` when it lacks the platform, `usage` when it has
 * several images
 */
export async function openLocalImage(
  path: string,
  { platform, unpacked, tag }: LocalImageOptions,
): Promise<LocalImage> {
  const files = await openImageFiles(path, unpacked);
  const index = await files.read('index.json', LIMIT);
  if (index !== undefined) return openLayout(path, { files, index, platform, tag });
  const docker = await files.read('manifest.json', LIMIT);
  if (docker !== undefined) return openDockerArchive(path, files, docker);
  throw unusable(path, 'it has neither an index.json nor a manifest.json');
}

interface LayoutOptions extends Pick<LocalImageOptions, 'platform' | 'tag'> {
  readonly files: ImageFiles;
  /** Content of index.json. */
  readonly index: Uint8Array;
}

async function openLayout(path: string, { files, index, platform, tag }: LayoutOptions): Promise<LocalImage> {
  let digests: string[] = [];
  let parsed = parseManifest(path, index);
  for (let depth = 0; parsed.kind === 'index'; depth++) {
    const entries = depth === 0 ? tagged(path, parsed.index.manifests, tag) : parsed.index.manifests;
    const entry = depth < NESTING ? choose(path, entries, platform) : undefined;
    if (entry === undefined) throw noSuchPlatform(path, platform, parsed.index.manifests);
    digests = [...digests, entry.digest];
    parsed = parseManifest(path, await readBlob(path, files, entry.digest), entry.mediaType);
  }
  const { manifest } = parsed;
  const config = parseConfig(path, await readBlob(path, files, manifest.config.digest));
  const [digest = digestOf(index), indexDigest] = digests.reverse();
  const layers = await Promise.all(manifest.layers.map((layer) => layerOf(path, files, layer)));
  return {
    digest,
    config,
    layers,
    labels: labelsOf(config, manifest),
    ...(indexDigest === undefined ? {} : { indexDigest }),
  };
}

/** The entries with a tag (image-spec, "Annotations"). */
function tagged(
  path: string,
  entries: readonly Descriptor[],
  tag: string | undefined,
): readonly Descriptor[] {
  if (tag === undefined) return entries;
  const found = entries.filter(
    ({ annotations }) => annotations?.['org.opencontainers.image.ref.name'] === tag,
  );
  if (found.length > 0) return found;
  throw new FactoryError('IMAGE_NOT_FOUND', `${path} has no image with the tag ${tag}`, {
    remedy: 'Omit the tag, or use one from its index.json.',
  });
}

/** Selects the image for a platform; the only image of a layout is selected whatever its platform. */
function choose(path: string, entries: readonly Descriptor[], platform: Platform): Descriptor | undefined {
  const images = entries.filter((entry) => entry.platform?.os !== 'unknown');
  const distinct = [...new Map(images.map((entry) => [entry.digest, entry])).values()];
  if (distinct.length === 1) return distinct[0];
  const unnamed = distinct.filter((entry) => entry.platform === undefined);
  if (unnamed.length < 2) return choosePlatform(distinct, platform) ?? unnamed[0];
  throw new FactoryError('IMAGE_AMBIGUOUS', `${path} holds ${distinct.length} images`, {
    remedy: 'Recreate it with a single image.',
  });
}

async function readBlob(path: string, files: ImageFiles, digest: string): Promise<Uint8Array> {
  const bytes = await files.read(blobPath(digest), LIMIT);
  if (bytes === undefined) throw unusable(path, `it lacks ${digest}`);
  expectDigest(`${digest} of ${path}`, digest, digestOf(bytes, digest));
  return bytes;
}

async function layerOf(
  path: string,
  files: ImageFiles,
  { digest, size }: Manifest['layers'][number],
): Promise<LayerFile> {
  const part = await files.find(blobPath(digest));
  if (part === undefined) throw unusable(path, `it lacks the layer ${digest}`);
  if (part.size !== size) throw unusable(path, `layer ${digest} has ${part.size} bytes instead of ${size}`);
  return { ...part, digest };
}

function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

async function openDockerArchive(path: string, files: ImageFiles, bytes: Uint8Array): Promise<LocalImage> {
  const [image, ...others] = dockerImages(path, bytes);
  if (image === undefined || others.length > 0) {
    throw new FactoryError('IMAGE_AMBIGUOUS', `${path} holds ${others.length + 1} images`, {
      remedy: 'Recreate it with "docker save" of a single image.',
    });
  }
  const text = await files.read(image.Config, LIMIT);
  if (text === undefined) throw unusable(path, `it lacks ${image.Config}`);
  const config = parseConfig(path, text);
  const diffIds = config.rootfs?.diff_ids ?? [];
  if (diffIds.length !== image.Layers.length) {
    throw unusable(path, `it lists ${image.Layers.length} layers, its configuration ${diffIds.length}`);
  }
  const layers = await Promise.all(
    image.Layers.map(async (name, index): Promise<LayerFile> => {
      const part = await files.find(name);
      const diffId = diffIds[index];
      if (part === undefined || diffId === undefined) throw unusable(path, `it lacks the layer ${name}`);
      return { ...part, diffId };
    }),
  );
  return { digest: digestOf(text), config, labels: labelsOf(config), layers };
}

function dockerImages(path: string, bytes: Uint8Array): z.infer<typeof dockerSchema> {
  try {
    return dockerSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch {
    throw unusable(path, 'its manifest.json is not from "docker save"');
  }
}
