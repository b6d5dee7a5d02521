import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { architecture } from '../../../common/contract/architectures.ts';
import { settleAll } from '../../../common/errors/settle.ts';
import { Meter } from '../../../common/files/meter.ts';
import { writeLayoutIndex } from '../../../common/oci/layers/image-layout.ts';
import { utcTime } from '../../../common/text/utc-time.ts';

/** A blob in the layout (OCI image-spec, "Content Descriptors"). */
interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** A compression of layers (OCI image-spec, "Media Types"). */
export interface LayerCompression {
  readonly format: 'gzip' | 'zstd';
  readonly compress: (input: Readable, output: Writable) => Promise<void>;
}

/** Options of {@link writeOciLayout}: the image, and how its layer is stored. */
export interface LayoutOptions {
  readonly arch: string;
  /** Creation time, as a Unix timestamp in seconds. */
  readonly epoch: number;
  readonly tag: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** How the layer is compressed; it stays uncompressed when absent. */
  readonly compression?: LayerCompression | undefined;
}

const MEDIA = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
} as const;

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Writes an OCI image layout with one layer into an empty directory (OCI image-spec, "Image Layout").
 * The same layer and image give the same bytes.
 * @param layer writes the uncompressed tar of the layer
 * @returns the digest of the manifest
 * @throws whatever `layer` or `image.compression` throws
 */
export async function writeOciLayout(
  directory: string,
  image: LayoutOptions,
  layer: (output: Writable) => Promise<void>,
): Promise<string> {
  const { compression } = image;
  const blobs = join(directory, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });

  const plain = new Meter();
  const packed = new Meter();
  const temporary = join(blobs, 'layer.partial');
  const file = createWriteStream(temporary, { highWaterMark: 1024 * 1024 });
  if (compression) {
    const source = new PassThrough();
    const sink = new PassThrough();
    await settleAll([
      layer(source),
      pipeline(source, plain, sink),
      compression.compress(sink, packed),
      pipeline(packed, file),
    ]);
  } else {
    await settleAll([layer(plain), pipeline(plain, file)]);
  }
  const measured = compression ? packed : plain;
  const layerDescriptor = {
    mediaType: compression ? `${MEDIA.layer}+${compression.format}` : MEDIA.layer,
    digest: measured.digest(),
    size: measured.size,
  };
  await rename(temporary, join(blobs, hex(layerDescriptor.digest)));

  const variant = architecture(image.arch)?.variant;
  const platform = { architecture: image.arch, os: 'linux', ...(variant === undefined ? {} : { variant }) };
  const created = utcTime(image.epoch);
  const config = await writeJson(blobs, MEDIA.config, {
    ...platform,
    created,
    config: { Env: [`PATH=${PATH}`], Cmd: ['/bin/sh'], ...(image.labels ? { Labels: image.labels } : {}) },
    rootfs: { type: 'layers', diff_ids: [plain.digest()] },
    history: [{ created, created_by: 'kairos-factory' }],
  });
  const manifest = await writeJson(blobs, MEDIA.manifest, {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config,
    layers: [layerDescriptor],
    annotations: { 'org.opencontainers.image.created': created },
  });
  const index = {
    schemaVersion: 2,
    mediaType: MEDIA.index,
    manifests: [
      {
        ...manifest,
        platform,
        annotations: { 'org.opencontainers.image.ref.name': image.tag },
      },
    ],
  };
  await writeLayoutIndex(directory, JSON.stringify(index));
  return manifest.digest;
}

async function writeJson(blobs: string, mediaType: string, value: unknown): Promise<Descriptor> {
  const text = Buffer.from(JSON.stringify(value));
  const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
  await writeFile(join(blobs, hex(digest)), text);
  return { mediaType, digest, size: text.length };
}

function hex(digest: string): string {
  return digest.slice('sha256:'.length);
}
