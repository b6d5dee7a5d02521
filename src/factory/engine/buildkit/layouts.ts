import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { digestOf, expectDigest, hashFor } from '../../../common/files/digest.ts';
import { Meter } from '../../../common/files/meter.ts';
import { blobPath, writeLayoutIndex } from '../../../common/oci/layers/image-layout.ts';
import type { LayerFile } from '../../../common/oci/layers/layer-stream.ts';
import { openLocalImage } from '../../../common/oci/layers/local-image.ts';
import {
  type Descriptor,
  type ImageConfig,
  MEDIA,
  parseConfig,
  parseManifest,
} from '../../../common/oci/registry/image-manifest.ts';
import type { ImageFile } from '../container-engine.ts';

/** Directory of the image store with the images that are not trees, each an OCI layout. */
export const LAYOUTS = 'layouts';

const LAYER = 'application/vnd.oci.image.layer.v1.tar';
const CONFIG = 'application/vnd.oci.image.config.v1+json';

/**
 * Copies one image of a file into an OCI layout of its own, with its layers as they are (image-spec 1.1, "Image Layout").
 * Their digests are checked on the way.
 * @param options.scratch an empty directory
 * @throws FactoryError `verification` when the file is not an image, `step` or `usage` as documented at `openLocalImage`
 */
export async function copyToLayout(
  file: ImageFile,
  directory: string,
  { arch, scratch }: { readonly arch: string; readonly scratch: string },
): Promise<void> {
  const { config, layers } = await openLocalImage(file.path, {
    platform: { os: 'linux', architecture: arch },
    unpacked: join(scratch, 'archive.tar'),
    tag: file.kind === 'oci' ? file.tag : undefined,
  });
  await mkdir(blobsOf(directory), { recursive: true });
  const copied: Descriptor[] = [];
  for (const layer of layers) copied.push(await copyLayer(layer, directory));
  await writeIndex(directory, await writeManifest(directory, config, copied));
}

/**
 * The manifest of a layout's only image, for an architecture: a base may declare none, or another one than its programs have.
 * @returns its digest
 */
export async function manifestFor(directory: string, arch: string): Promise<string> {
  const { digest, manifest, config } = await readLayout(directory);
  if (config.architecture === arch && config.os === 'linux') return digest;
  const { variant: _, ...others } = config;
  const own = { ...others, architecture: arch, os: 'linux' };
  return (await writeManifest(directory, own, manifest.layers)).digest;
}

/** Gives a layout the blobs of others, as hard links, so that a builder need not send them again. */
export async function shareBlobs(from: Iterable<string>, to: string): Promise<void> {
  await mkdir(blobsOf(to), { recursive: true });
  for (const directory of from) {
    for (const name of await readdir(blobsOf(directory))) {
      const target = join(blobsOf(to), name);
      if (!existsSync(target)) await link(join(blobsOf(directory), name), target);
    }
  }
}

async function readLayout(directory: string) {
  const index = parseManifest(directory, await readFile(join(directory, 'index.json')));
  const [entry] = index.kind === 'index' ? index.index.manifests : [];
  const parsed = parseManifest(directory, await readBlob(directory, entry?.digest ?? ''), entry?.mediaType);
  if (entry === undefined || parsed.kind === 'index') throw new RangeError(`${directory} is not one image`);
  const { manifest } = parsed;
  const config = parseConfig(directory, await readBlob(directory, manifest.config.digest));
  return { digest: entry.digest, manifest, config };
}

function readBlob(directory: string, digest: string): Promise<Buffer> {
  return readFile(blobOf(directory, digest));
}

async function copyLayer(layer: LayerFile, directory: string): Promise<Descriptor> {
  const { file, start, size } = layer;
  const compression = await compressionOf(layer);
  // In an archive of "docker save", a plain layer has the digest of its content; builders check that of another one.
  const expected = layer.digest ?? (compression === '' ? layer.diffId : undefined);
  const check = hashFor(expected ?? '');
  const meter = new Meter();
  const partial = join(blobsOf(directory), '.partial');
  const bytes = size === 0 ? Readable.from([]) : createReadStream(file, { start, end: start + size - 1 });
  bytes.on('data', (chunk: Buffer) => check.update(chunk));
  await pipeline(bytes, meter, createWriteStream(partial));
  if (expected !== undefined)
    expectDigest('a layer', expected, `${expected.split(':')[0]}:${check.digest('hex')}`);
  const digest = meter.digest();
  await rename(partial, blobOf(directory, digest));
  return { mediaType: LAYER + compression, digest, size };
}

/** The suffix of the media type, by the magic number: media types are often wrong (RFC 1952, RFC 8878). */
async function compressionOf({ file, start, size }: LayerFile): Promise<string> {
  const magic = Buffer.alloc(4);
  const handle = await open(file, 'r');
  try {
    await handle.read(magic, 0, Math.min(magic.length, size), start);
  } finally {
    await handle.close();
  }
  if (magic.readUInt16BE(0) === 0x1f8b) return '+gzip';
  return magic.readUInt32BE(0) === 0x28b52ffd ? '+zstd' : '';
}

async function writeManifest(
  directory: string,
  config: ImageConfig,
  layers: readonly Descriptor[],
): Promise<Descriptor> {
  const value = {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: await writeBlob(directory, CONFIG, config),
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  };
  return writeBlob(directory, MEDIA.manifest, value);
}

async function writeBlob(directory: string, mediaType: string, value: object): Promise<Descriptor> {
  const text = Buffer.from(JSON.stringify(value));
  const digest = digestOf(text);
  await writeFile(blobOf(directory, digest), text);
  return { mediaType, digest, size: text.length };
}

async function writeIndex(directory: string, manifest: Descriptor): Promise<void> {
  const index = { schemaVersion: 2, mediaType: MEDIA.index, manifests: [manifest] };
  await writeLayoutIndex(directory, JSON.stringify(index));
}

function blobsOf(directory: string): string {
  return join(directory, 'blobs', 'sha256');
}

function blobOf(directory: string, digest: string): string {
  return join(directory, 'blobs', blobPath(digest));
}

/** Puts a finished layout where an image has its own. One of the same content stays: another run may be reading it. */
export async function putLayout(finished: string, final: string): Promise<void> {
  const index = await readFile(join(finished, 'index.json'));
  const earlier = await readFile(join(final, 'index.json')).catch(() => undefined);
  if (earlier?.equals(index)) return;
  await rm(final, { recursive: true, force: true });
  await rename(finished, final);
}
