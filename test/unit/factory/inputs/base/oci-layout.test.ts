import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { Readable as Source } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { walkTree } from '../../../../../src/common/files/walk-tree.ts';
import { type LayoutOptions, writeOciLayout } from '../../../../../src/factory/inputs/base/oci-layout.ts';
import { compressGzip } from '../../../../../src/factory/tools/compressors.ts';
import { makeTar } from '../../../support/tar.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';
import { realRunner } from '../../artifacts/support/runner.ts';

const IMAGE: LayoutOptions = { arch: 'arm64', epoch: 1_714_979_289, tag: 'v1.2.3', labels: { note: 'x' } };
const LAYER = makeTar([
  { name: 'etc/os-release', content: 'ID=debian\n'.repeat(50_000), mtime: new Date(0) },
]);

async function writeLayer(output: Writable): Promise<void> {
  await pipeline(Source.from([await LAYER]), output);
}

const zstd = {
  format: 'zstd',
  compress: (input: Readable, output: Writable) => pipeline(input, createZstdCompress(), output),
} as const;
const gzip = {
  format: 'gzip',
  compress: (input: Readable, output: Writable) => compressGzip(realRunner(), input, output),
} as const;

/** The files of a layout by path. */
function contents(directory: string): Map<string, Buffer> {
  const files = [...walkTree(directory)].filter(({ stats }) => stats.isFile());
  return new Map(files.map(({ path }) => [path, readFileSync(join(directory, path))]));
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Follows a layout from its index to its layer, as readers do, and checks every descriptor. */
function follow(directory: string) {
  const read = ({ digest, size }: Descriptor): Buffer => {
    const bytes = readFileSync(join(directory, 'blobs', digest.replace(':', '/')));
    expect([sha256(bytes), bytes.length]).toEqual([digest, size]);
    return bytes;
  };
  const json = (bytes: Buffer) => JSON.parse(bytes.toString());
  const index = json(readFileSync(join(directory, 'index.json')));
  const manifest = json(read(index.manifests[0]));
  return { index, manifest, config: json(read(manifest.config)), layer: read(manifest.layers[0]) };
}

describe.each([
  ['an uncompressed layer', undefined, 'application/vnd.oci.image.layer.v1.tar'],
  ['a zstd layer', zstd, 'application/vnd.oci.image.layer.v1.tar+zstd'],
  ['a gzip layer', gzip, 'application/vnd.oci.image.layer.v1.tar+gzip'],
])('%s', (_, compression, mediaType) => {
  test('is reproducible', async () => {
    const [one, other] = [temporaryDirectory(), temporaryDirectory()];
    const digests = [one, other].map((directory) =>
      writeOciLayout(directory, { ...IMAGE, compression }, writeLayer),
    );
    const [first, second] = await Promise.all(digests);
    expect(first).toBe(second);
    expect(contents(one)).toEqual(contents(other));
  });

  test('writes exactly the blobs that the descriptors describe', async () => {
    const directory = temporaryDirectory();
    const digest = await writeOciLayout(directory, { ...IMAGE, compression }, writeLayer);
    const { index, manifest, config, layer } = follow(directory);
    expect(index.manifests[0].digest).toBe(digest);
    expect(index.manifests[0].annotations).toEqual({ 'org.opencontainers.image.ref.name': 'v1.2.3' });
    expect(index.manifests[0].platform).toEqual({ architecture: 'arm64', os: 'linux', variant: 'v8' });
    expect(manifest.layers).toHaveLength(1);
    expect(manifest.layers[0].mediaType).toBe(mediaType);
    expect(config).toMatchObject({
      architecture: 'arm64',
      variant: 'v8',
      os: 'linux',
      created: '2024-05-06T07:08:09Z',
      config: { Labels: { note: 'x' }, Cmd: ['/bin/sh'] },
    });
    const plain = { gzip: gunzipSync, zstd: zstdDecompressSync, none: Buffer.from }[
      compression?.format ?? 'none'
    ](layer);
    expect(plain.equals(await LAYER)).toBe(true);
    expect(config.rootfs).toEqual({ type: 'layers', diff_ids: [sha256(await LAYER)] });
    const expected = [digest, manifest.config.digest, manifest.layers[0].digest].map(
      (text: string) => `blobs/${text.replace(':', '/')}`,
    );
    expect([...contents(directory).keys()].sort()).toEqual([...expected, 'index.json', 'oci-layout'].sort());
    expect(readFileSync(join(directory, 'oci-layout'), 'utf8')).toBe('{"imageLayoutVersion":"1.0.0"}');
  });
});

test('a different layer, epoch, tag or architecture changes the index', async () => {
  const images = [IMAGE, { ...IMAGE, arch: 'amd64' }, { ...IMAGE, epoch: 1 }, { ...IMAGE, tag: 'other' }];
  const indexes = images.map(async (image) => {
    const directory = temporaryDirectory();
    await writeOciLayout(directory, image, writeLayer);
    return readFileSync(join(directory, 'index.json'), 'utf8');
  });
  expect(new Set(await Promise.all(indexes)).size).toBe(images.length);
});

test('an error while writing the layer is passed on', async () => {
  const failing = async (output: Writable) => {
    output.write('half a layer');
    const error = new Error('the source is gone');
    output.destroy(error);
    throw error;
  };
  await expect(writeOciLayout(temporaryDirectory(), IMAGE, failing)).rejects.toThrow('the source is gone');
});
