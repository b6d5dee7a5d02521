import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type TestMember, tarBytes } from '../../../../support/tar-bytes.ts';

/** What a registry or a layout holds, by digest. */
export type Blobs = Map<string, Buffer>;

/** An image in memory. */
export interface TestImage {
  readonly digest: string;
  readonly manifest: Buffer;
  readonly blobs: Blobs;
  readonly layers: readonly { readonly digest: string; readonly size: number }[];
}

/** How a test image differs from a plain one. */
export interface TestImageOptions {
  readonly architecture?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly compress?: (bytes: Buffer) => Buffer;
}

/** The digest of bytes. */
export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Makes an image of layers, each a list of members or the bytes of a blob. */
export function testImage(
  layers: readonly (readonly TestMember[] | Buffer)[],
  { architecture = 'amd64', labels = {}, annotations = {}, compress = gzipSync }: TestImageOptions = {},
): TestImage {
  const blobs: Blobs = new Map();
  const add = (bytes: Buffer, mediaType: string) => {
    const digest = sha256(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const tars = layers.map((layer) => (Buffer.isBuffer(layer) ? layer : tarBytes(layer)));
  const descriptors = tars.map((tar, index) =>
    add(Buffer.isBuffer(layers[index]) ? tar : compress(tar), 'application/vnd.oci.image.layer.v1.tar+gzip'),
  );
  const config = add(
    Buffer.from(
      JSON.stringify({
        os: 'linux',
        architecture,
        config: { Labels: labels },
        rootfs: { type: 'layers', diff_ids: tars.map(sha256) },
      }),
    ),
    'application/vnd.oci.image.config.v1+json',
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config,
      layers: descriptors,
      annotations,
    }),
  );
  return { digest: sha256(manifest), manifest, blobs, layers: descriptors };
}

/** An index over images, by platform such as `linux/arm/v7`. */
export function testIndex(images: Readonly<Record<string, TestImage>>): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: Object.entries(images).map(([platform, image]) => {
        const [os, architecture, variant] = platform.split('/');
        return {
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          digest: image.digest,
          size: image.manifest.length,
          platform: { os, architecture, ...(variant ? { variant } : {}) },
        };
      }),
    }),
  );
}

/** An OCI layout with these images, as files. */
export function testLayout(index: Buffer, images: readonly TestImage[]): TestMember[] {
  const blobs = images.flatMap(({ digest, manifest, blobs: own }) => [...own, [digest, manifest] as const]);
  return [
    { name: './oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
    { name: 'index.json', content: index },
    ...blobs.map(([digest, content]) => ({ name: `blobs/${digest.replace(':', '/')}`, content })),
  ];
}
