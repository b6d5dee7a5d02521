import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseImageReference } from '../../../../../src/common/oci/registry/image-reference.ts';
import { parsePlatform } from '../../../../../src/common/oci/registry/platform.ts';
import { openRegistry, type Registry } from '../../../../../src/common/oci/registry/registry.ts';
import { type TestHost, type TestHostOptions, testHost } from '../../../agent/support/test-host.ts';
import { sha256, testImage, testIndex } from '../layers/support/test-image.ts';
import { realFetch, type TestRegistry, testRegistry } from '../layers/support/test-registry.ts';

const AMD64 = parsePlatform('amd64');
const image = testImage([[{ name: 'a', content: 'a' }]], { labels: { l: '1' } });
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

const open = (name = 'os:v1', insecure = false): Registry =>
  openRegistry(host, parseImageReference(`${server.address}/${name}`), { insecure });

/** Replaces the host by one with files, programs or an environment. */
async function rehost(options: TestHostOptions): Promise<void> {
  await host[Symbol.asyncDispose]();
  host = await testHost({ fetch: realFetch, ...options });
}

describe('manifests', () => {
  test('an image by its tag', async () => {
    const found = await open().resolveManifest(AMD64);
    expect(found.digest).toBe(image.digest);
    expect(found.config.config?.Labels).toEqual({ l: '1' });
    expect(found).not.toHaveProperty('indexDigest');
    expect(server.seen.find(({ path }) => path.includes('manifests'))?.headers.accept).toContain(
      'index.v1+json',
    );
  });

  test.each([
    ['amd64', 'linux/amd64'],
    ['x86_64', 'linux/amd64'],
    ['linux/arm64', 'linux/arm64/v8'],
    ['linux/arm/v6', 'linux/arm/v6'],
    ['linux/arm/v7', 'linux/arm/v7'],
    ['armhf', 'linux/arm/v7'],
    ['linux/arm', 'linux/arm/v6'],
  ])('of an index, %s gets %s', async (wanted, expected) => {
    const platforms = ['unknown/unknown', 'linux/arm/v6', 'linux/arm/v7', 'linux/amd64', 'linux/arm64/v8'];
    const images = Object.fromEntries(
      platforms.map((name) => [
        name,
        testImage([], { architecture: name.split('/')[1] ?? '', labels: { name } }),
      ]),
    );
    for (const [name, one] of Object.entries(images)) server.add(name.replaceAll('/', '-'), one);
    const index = testIndex(images);
    server.addManifest('v1', index);
    const found = await open().resolveManifest(parsePlatform(wanted));
    expect(found.digest).toBe(images[expected]?.digest);
    expect(found.indexDigest).toBe(sha256(index));
  });

  test('an index without an image for the machine lists its platforms', async () => {
    server.addManifest('v1', testIndex({ 'linux/s390x': image, 'unknown/unknown': image }));
    await expect(open().resolveManifest(AMD64)).rejects.toMatchObject({
      kind: 'step',
      details: ['it has linux/s390x'],
    });
  });

  test('an index that names itself, or an index that names an index for ever, ends', async () => {
    const index = testIndex({ 'linux/amd64': image });
    const outer = testIndex({ 'linux/amd64': { ...image, digest: sha256(index), manifest: index } });
    server.addManifest('inner', index);
    server.addManifest('v1', outer);
    expect((await open().resolveManifest(AMD64)).indexDigest).toBe(sha256(outer));
    const third = testIndex({ 'linux/amd64': { ...image, digest: sha256(outer), manifest: outer } });
    server.addManifest('v1', third);
    await expect(open().resolveManifest(AMD64)).rejects.toMatchObject({ kind: 'step' });
  });

  test('refuses a manifest that does not match its digest', async () => {
    server.manifests.set(image.digest, Buffer.from('{}'));
    await expect(open(`os@${image.digest}`).resolveManifest(AMD64)).rejects.toMatchObject({
      kind: 'verification',
      details: [`expected ${image.digest}`, `received ${sha256(Buffer.from('{}'))}`],
    });
  });

  test('refuses a manifest whose digest header does not match', async () => {
    server.interfere = ({ path }, response) => {
      if (!path.includes('/manifests/')) return false;
      response.writeHead(200, { 'docker-content-digest': `sha256:${'0'.repeat(64)}` }).end(image.manifest);
      return true;
    };
    await expect(open().resolveManifest(AMD64)).rejects.toMatchObject({ kind: 'verification' });
  });

  test('refuses a configuration that does not match its digest', async () => {
    const config = JSON.parse(image.manifest.toString()).config.digest as string;
    server.blobs.set(config, Buffer.from('{}'));
    await expect(open().resolveManifest(AMD64)).rejects.toMatchObject({ kind: 'verification' });
  });

  test.each([
    ['no JSON', 'x'],
    ['an array', '[]'],
    ['schema 1', '{"schemaVersion":1,"fsLayers":[]}'],
    ['both kinds', '{"schemaVersion":2,"layers":[],"manifests":[],"config":{}}'],
    [
      'a digest that leads elsewhere',
      '{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:../x","size":1}]}',
    ],
    [
      'negative sizes',
      JSON.stringify({
        ...JSON.parse(image.manifest.toString()),
        layers: [{ mediaType: 'x', digest: image.digest, size: -1 }],
      }),
    ],
  ])('%s is not a manifest', async (_, text) => {
    server.addManifest('v1', Buffer.from(text));
    await expect(open().resolveManifest(AMD64)).rejects.toMatchObject({ kind: 'verification' });
  });

  test('one without an end is not read to the end', async () => {
    server.interfere = ({ path }, response) => {
      if (!path.includes('/manifests/')) return false;
      const write = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65536, 0x20)));
      };
      response.on('drain', write);
      write();
      return true;
    };
    await expect(open().getManifestBytes()).rejects.toMatchObject({ kind: 'verification' });
  });

  test('bytes by tag and digest', async () => {
    const registry = open();
    const { bytes, digest, mediaType } = await registry.getManifestBytes(image.digest);
    expect([sha256(bytes), digest]).toEqual([image.digest, image.digest]);
    expect(mediaType).toBe('application/vnd.oci.image.manifest.v1+json');
    expect((await registry.getManifestBytes()).digest).toBe(image.digest);
  });

  test('small blobs, checked and limited', async () => {
    const layer = image.layers[0]?.digest ?? '';
    expect(sha256(await open().getBlobBytes(layer, 10_000))).toBe(layer);
    await expect(open().getBlobBytes(layer, 10)).rejects.toMatchObject({ kind: 'verification' });
    server.blobs.set(layer, Buffer.from('other'));
    await expect(open().getBlobBytes(layer, 10_000)).rejects.toMatchObject({ kind: 'verification' });
  });
});

describe('failures', () => {
  test('retries temporary failures, after the pause that the registry asks for', async () => {
    const answers = [429, 500, 503];
    server.interfere = ({ path }, response) => {
      const status = path.includes('/manifests/') ? answers.shift() : undefined;
      if (status === undefined) return false;
      response.writeHead(status, status === 429 ? { 'retry-after': '7' } : {}).end();
      return true;
    };
    expect((await open().resolveManifest(AMD64)).digest).toBe(image.digest);
    expect(host.slept).toHaveLength(3);
    expect(host.slept[0]).toBe(7000);
  });

  test('retries a truncated body', async () => {
    let count = 0;
    server.interfere = ({ path }, response) => {
      if (!path.includes('/manifests/') || ++count > 2) return false;
      response.writeHead(200, { 'content-length': image.manifest.length });
      response.write(image.manifest.subarray(0, 20), () => response.destroy());
      return true;
    };
    expect((await open().resolveManifest(AMD64)).digest).toBe(image.digest);
  });

  test('gives up after the last attempt', async () => {
    server.interfere = (_, response) => {
      response.writeHead(503).end();
      return true;
    };
    await expect(open().resolveManifest(AMD64)).rejects.toMatchObject({
      kind: 'step',
      message: `${server.address}/os:v1 cannot be fetched: ${server.address} responds with HTTP 503`,
    });
    expect(host.slept.length).toBeGreaterThan(2);
  });

  test.each([
    [404, /HTTP 404/, /name and the tag/],
    [403, /refuses access .*os:v1/, /registry.json/],
    [401, /refuses access .*os:v1/, /registry.json/],
    [400, /HTTP 400/, /address/],
  ])('HTTP %i says what to do, at once', async (status, message, remedy) => {
    server.interfere = ({ path }, response) => {
      if (path !== '/v2/') response.writeHead(status).end();
      return path !== '/v2/';
    };
    await expect(open().resolveManifest(AMD64)).rejects.toMatchObject({
      kind: 'step',
      message: expect.stringMatching(message),
      remedy: expect.stringMatching(remedy),
    });
    expect(host.slept).toEqual([]);
  });

  test('an unreachable registry', async () => {
    await server[Symbol.asyncDispose]();
    await expect(open().resolveManifest(AMD64)).rejects.toMatchObject({ kind: 'step' });
    server = await testRegistry();
  });

  test('an untrusted certificate fails without a retry', async () => {
    const cause = Object.assign(new Error('self-signed certificate'), {
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    await rehost({
      fetch: () => {
        throw new TypeError('fetch failed', { cause });
      },
    });
    const registry = openRegistry(host, parseImageReference('registry.example/os'));
    await expect(registry.resolveManifest(AMD64)).rejects.toMatchObject({
      message: expect.stringContaining('certificate of registry.example is not trusted'),
      remedy: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    });
    expect(host.slept).toEqual([]);
  });

  test('without TLS only where it is allowed', async () => {
    const urls: string[] = [];
    const refuse = (url: string): never => {
      urls.push(url);
      throw new TypeError('fetch failed');
    };
    await rehost({ fetch: refuse });
    const reference = parseImageReference('registry.example/os');
    await expect(openRegistry(host, reference).resolveManifest(AMD64)).rejects.toThrow();
    expect(urls.every((url) => url.startsWith('https:'))).toBe(true);
    await expect(openRegistry(host, reference, { insecure: true }).resolveManifest(AMD64)).rejects.toThrow();
    expect(urls.some((url) => url.startsWith('http:'))).toBe(true);
  });

  test.each([
    [401, /has no TLS$/, /--allow-insecure-registries/],
    [undefined, /no TLS connection to os\.example can be made/, /uses TLS at this port/],
  ])('one without TLS, which answers HTTP with %s', async (status, message, remedy) => {
    const asked: string[] = [];
    await rehost({
      fetch: (url) => {
        asked.push(url);
        if (url.startsWith('http:') && status !== undefined) return new Response('', { status });
        // The code of Bun.
        throw Object.assign(new Error('The TLS handshake failed.'), { code: 'EPROTO' });
      },
    });
    const { resolveManifest } = openRegistry(host, parseImageReference('os.example/os:v1'));
    await expect(resolveManifest(AMD64)).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: expect.stringMatching(message),
      remedy: expect.stringMatching(remedy),
    });
    if (status !== undefined)
      expect(asked).toEqual([expect.stringMatching(/^https:/), 'http://os.example/v2/']);
  });

  test('an abort ends it', async () => {
    const controller = new AbortController();
    server.interfere = () => {
      controller.abort();
      return true;
    };
    const reference = parseImageReference(`${server.address}/os:v1`);
    const registry = openRegistry(host, reference, { signal: controller.signal });
    await expect(registry.resolveManifest(AMD64)).rejects.toMatchObject({ kind: 'interrupted' });
  }, 15_000);
});
