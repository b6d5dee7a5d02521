import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pullImageCommand } from '../../../../../src/agent/commands/pull-image.ts';
import { deploySource } from '../../../../../src/common/oci/layers/deploy-source.ts';
import { parseSource } from '../../../../../src/common/oci/layers/source.ts';
import { unpackImage } from '../../../../../src/common/oci/layers/unpack-image.ts';
import { type TestHost, testHost } from '../../../agent/support/test-host.ts';
import { type TestMember, tarBytes } from '../../../support/tar-bytes.ts';
import { sha256, type TestImage, testImage, testIndex, testLayout } from './support/test-image.ts';
import { realFetch, type TestRegistry, testRegistry } from './support/test-registry.ts';

const layers: TestMember[][] = [
  [
    { name: 'etc', type: 'directory' },
    { name: 'etc/hostname', content: 'old' },
    { name: 'gone', content: 'x' },
  ],
  [
    { name: 'etc/hostname', content: 'node' },
    { name: '.wh.gone', content: '' },
  ],
];
const image = testImage(layers, { labels: { a: 'b' } });
let server: TestRegistry;
let host: TestHost;

beforeEach(async () => {
  server = await testRegistry();
  server.add('v1', image);
  host = await testHost({ fetch: realFetch });
});
afterEach(async () => {
  await host[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const read = (path: string) => readFileSync(host.resolve(path), 'utf8');
const names = (path: string) => readdirSync(host.resolve(path)).sort();

function dockerArchive(config: object, tars: readonly Buffer[]): TestMember[] {
  const manifest = [
    { Config: 'c.json', RepoTags: ['x:1'], Layers: tars.map((_, index) => `${index}/layer.tar`) },
  ];
  return [
    ...tars.map((content, index) => ({ name: `${index}/layer.tar`, content })),
    { name: 'c.json', content: JSON.stringify(config) },
    { name: 'manifest.json', content: JSON.stringify(manifest) },
  ];
}

describe('from a registry', () => {
  test('layers over one another', async () => {
    const found = await unpackImage(host, `${server.address}/os:v1`, { target: '/target' });
    expect(found).toEqual({ digest: image.digest, labels: { a: 'b' }, bytes: 8 });
    expect(names('/target')).toEqual(['etc']);
    expect(read('/target/etc/hostname')).toBe('node');
    expect(names('/tmp')).toEqual([]);
  });

  test('unpacks the verified digest even if the tag has moved', async () => {
    server.addManifest('v1', testImage([[{ name: 'evil' }]]).manifest);
    await unpackImage(host, `${server.address}/os:v1`, { target: '/target', digest: image.digest });
    expect(read('/target/etc/hostname')).toBe('node');
  });

  test('a staging directory is used and kept', async () => {
    const seen: [number, number][] = [];
    const progress = (done: number, total: number) => void seen.push([done, total]);
    await unpackImage(host, `${server.address}/os:v1`, { target: '/target', staging: '/staging', progress });
    expect(names('/staging')).toHaveLength(2);
    const total = image.layers.reduce((sum, { size }) => sum + size, 0);
    expect(seen.filter(([done]) => done === total).length).toBeGreaterThanOrEqual(2);
    expect(new Set(seen.map(([, all]) => all))).toEqual(new Set([total]));
  });

  test('an image for another architecture is refused as a system, but not for files', async () => {
    server.add('arm', testImage(layers, { architecture: 'arm64' }));
    const source = parseSource(`oci:${server.address}/os:arm`);
    await expect(deploySource(host, source, { target: '/target' })).rejects.toMatchObject({
      kind: 'verification',
      message: expect.stringContaining('is for linux/arm64, not for linux/amd64'),
    });
    await unpackImage(host, `${server.address}/os:arm`, { target: '/target' });
    expect(host.logged.join()).toContain('warn');
    await unpackImage(host, `${server.address}/os:arm`, { target: '/other', platform: 'linux/arm64' });
  });

  test('over a directory that holds something: marks of removed files do not reach it', async () => {
    await host.write('/target/gone', 'kept');
    await host.write('/target/etc/other', 'kept');
    await unpackImage(host, `${server.address}/os:v1`, { target: '/target' });
    expect(names('/target')).toEqual(['etc', 'gone']);
    expect(names('/target/etc')).toEqual(['hostname', 'other']);
  });

  test('pull-image', async () => {
    const target = host.resolve('/pulled');
    const files = new Map<string, unknown>();
    // The command's paths are those of the process; a host whose root is that of the machine takes them.
    const command = pullImageCommand({
      host: {
        ...host,
        resolve: (path) => path,
        makeDirectory: async (path) => void mkdirSync(path, { recursive: true }),
        list: async () => [],
        remove: async (path) => void files.set(path, 'removed'),
      },
      out: () => {},
    });
    await command.parseAsync([`${server.address}/os:v1`, target], { from: 'user' });
    expect(read('/pulled/etc/hostname')).toBe('node');
    expect([...files.keys()]).toEqual([`${target}.partial`]);
  });
});

describe('from a file', () => {
  const write = async (members: readonly TestMember[], pack = (bytes: Buffer) => bytes) =>
    host.write('/image.tar', pack(tarBytes(members)));
  const unpack = () => unpackImage(host, 'ocifile:/image.tar', { target: '/target' });

  test.each([
    ['a tar', (bytes: Buffer) => bytes],
    ['a compressed tar', (bytes: Buffer) => gzipSync(bytes)],
  ])('an OCI layout as %s', async (_, pack) => {
    const other = testImage([], { architecture: 'arm64' });
    await write(testLayout(testIndex({ 'linux/amd64': image, 'linux/arm64': other }), [image, other]), pack);
    expect(await unpack()).toEqual({ digest: image.digest, labels: { a: 'b' }, bytes: 8 });
    expect(names('/target')).toEqual(['etc']);
  });

  test('an OCI layout as a directory', async () => {
    for (const { name, content = '' } of testLayout(testIndex({ 'linux/amd64': image }), [image])) {
      mkdirSync(dirname(host.resolve(`/layout/${name}`)), { recursive: true });
      writeFileSync(host.resolve(`/layout/${name}`), content);
    }
    await unpackImage(host, 'ocifile:/layout', { target: '/target' });
    expect(read('/target/etc/hostname')).toBe('node');
  });

  test('an index within the index', async () => {
    const inner = testIndex({ 'linux/amd64': image, 'linux/arm64': testImage([]) });
    const wrapped = { ...image, digest: sha256(inner), manifest: inner };
    await write([
      ...testLayout(testIndex({ 'linux/amd64': wrapped }), [wrapped]),
      { name: `blobs/${image.digest.replace(':', '/')}`, content: image.manifest },
    ]);
    expect(await unpack()).toMatchObject({ digest: image.digest, indexDigest: sha256(inner) });
  });

  test('"docker save", with a layer that is a link', async () => {
    const [first, second] = [tarBytes(layers[0] ?? []), gzipSync(tarBytes(layers[1] ?? []))];
    const config = {
      architecture: 'amd64',
      os: 'linux',
      rootfs: { diff_ids: [sha256(first), sha256(tarBytes(layers[1] ?? []))] },
    };
    const members = dockerArchive(config, [first, second]).map((member) =>
      member.name === '0/layer.tar' ? { ...member, name: 'other/layer.tar' } : member,
    );
    await write([{ name: '0/layer.tar', type: 'link', linkName: '../other/layer.tar' }, ...members]);
    expect((await unpack()).digest).toBe(sha256(Buffer.from(JSON.stringify(config))));
    expect(read('/target/etc/hostname')).toBe('node');
  });

  test('a layer that is not what the configuration says', async () => {
    const config = { rootfs: { diff_ids: [sha256(Buffer.from('x'))] } };
    await write(dockerArchive(config, [tarBytes(layers[0] ?? [])]));
    await expect(unpack()).rejects.toMatchObject({ kind: 'verification' });
  });

  test('a layer that does not match its digest', async () => {
    const digest = image.layers[1]?.digest ?? '';
    const bytes = Buffer.from(image.blobs.get(digest) ?? '');
    // The operating system in the header of gzip: the content stays.
    bytes[9] = 0x42;
    const changed = { ...image, blobs: new Map([...image.blobs, [digest, bytes]]) };
    await write(testLayout(testIndex({ 'linux/amd64': image }), [changed]));
    await expect(unpack()).rejects.toMatchObject({
      kind: 'verification',
      message: expect.stringContaining('digest'),
    });
  });

  test('refuses an image that is not the verified one', async () => {
    await write(testLayout(testIndex({ 'linux/amd64': image }), [image]));
    const digest = sha256(Buffer.from('x'));
    await expect(
      unpackImage(host, 'ocifile:/image.tar', { target: '/target', digest }),
    ).rejects.toMatchObject({
      kind: 'verification',
    });
  });

  test.each<[string, string, readonly TestMember[]]>([
    ['a tar of something else', 'verification', [{ name: 'x' }]],
    ['a layout without its blobs', 'verification', testLayout(testIndex({ 'linux/amd64': image }), [])],
    ['a layout of two images', 'usage', testLayout(unnamed(image, testImage([])), [image])],
    [
      'a layout for other machines',
      'step',
      testLayout(testIndex({ 'linux/arm64': image, 'linux/s390x': testImage([]) }), []),
    ],
  ])('%s', async (_, kind, members) => {
    await write(members);
    await expect(unpack()).rejects.toMatchObject({ kind });
  });

  test('nothing at all', async () => {
    await expect(unpack()).rejects.toMatchObject({ kind: 'usage' });
    await expect(unpackImage(host, 'dir:/x', { target: '/target' })).rejects.toMatchObject({ kind: 'usage' });
  });
});

/** An index whose entries have no platforms. */
function unnamed(...images: readonly TestImage[]): Buffer {
  const manifests = images.map(({ digest, manifest }) => ({ mediaType: 'x', digest, size: manifest.length }));
  return Buffer.from(JSON.stringify({ schemaVersion: 2, manifests }));
}
