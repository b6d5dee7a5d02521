import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { parseImageReference } from '../../../../../src/common/oci/registry/image-reference.ts';
import type { TrustRule } from '../../../../../src/common/trust/policy.ts';
import type { RegistrySettings } from '../../../../../src/factory/config/registries.ts';
import { createBlobCache } from '../../../../../src/factory/inputs/base/blob-cache.ts';
import {
  createImageSource,
  type ImageSourceOptions,
} from '../../../../../src/factory/inputs/base/image-source.ts';
import type { RegistryAccess } from '../../../../../src/factory/inputs/base/resolve-image.ts';
import { createRunner } from '../../../../../src/factory/tools/runner.ts';
import { sha256, testImage, testIndex } from '../../../common/oci/layers/support/test-image.ts';
import { type TestRegistry, testRegistry } from '../../../common/oci/layers/support/test-registry.ts';
import { type Signer, signer, simpleSigning } from '../../../common/trust/support/signer.ts';
import { failureOf } from '../../../support/failure.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const OWNER = '4711-1';
const image = testImage([
  [{ name: 'etc/os-release', content: 'ID=test\n' }],
  Buffer.alloc(300_000, 'layer '),
]);
const other = testImage([[{ name: 'etc/os-release', content: 'ID=other\n' }]]);
const arm = testImage([[{ name: 'etc/os-release', content: 'ID=arm\n' }]], { architecture: 'arm64' });
const large = image.layers[1]?.digest ?? '';

let home: string;
let server: TestRegistry;
let notices: string[];
let logged: string[];

beforeEach(async () => {
  home = temporaryDirectory();
  server = await testRegistry();
  server.add('v1', image);
  notices = [];
  logged = [];
});
afterEach(() => server[Symbol.asyncDispose]());

interface Settings extends Partial<Omit<ImageSourceOptions, 'access'>> {
  readonly access?: Partial<RegistryAccess>;
}

function source({ access, ...options }: Settings = {}) {
  const { signal } = new AbortController();
  const env = { HOME: home, PATH: `${home}:${process.env['PATH']}` };
  const runner = createRunner({ signal, log: (line) => logged.push(line), env });
  return createImageSource({
    access: { runner, registries: [], env, ...access },
    cache: createBlobCache(join(home, 'registry'), { identity: OWNER, isAlive: async (id) => id === OWNER }),
    lockFile: lockFile(),
    ...{ locked: false, offline: false, mayWrite: true },
    notice: (text) => notices.push(text),
    ...options,
  });
}
const lockFile = () => join(home, 'kairos-factory.lock');
const reference = (tag = ':v1') => parseImageReference(`${server.address}/os${tag}`);
const cached = () => readdirSync(join(home, 'registry/blobs/sha256')).sort();
const fileNames = (...digests: string[]) => digests.map((digest) => digest.slice('sha256:'.length)).sort();
const everything = fileNames(image.digest, ...image.blobs.keys());
const blobRequests = () => server.seen.filter(({ path }) => path.endsWith(large));
let layouts = 0;

async function fetchImage(settings?: Settings, wanted = reference()) {
  const directory = join(home, `layout-${++layouts}`);
  await mkdir(directory);
  const said: string[] = [];
  await source(settings).fetch(wanted, 'amd64', { directory, say: (text) => said.push(text) });
  return { directory, said };
}

describe('an image', () => {
  test('becomes an OCI layout of hard links to the cache', async () => {
    const { directory, said } = await fetchImage();
    const index = JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8'));
    expect(index.manifests).toEqual([
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest: image.digest,
        size: image.manifest.length,
      },
    ]);
    expect(cached()).toEqual(everything);
    for (const name of everything) {
      const [blob, kept] = [join(directory, 'blobs/sha256', name), join(home, 'registry/blobs/sha256', name)];
      expect(statSync(blob).ino).toBe(statSync(kept).ino);
      expect(sha256(readFileSync(blob))).toBe(`sha256:${name}`);
    }
    expect(said[0]).toBe(`${server.address}/os:v1 is ${image.digest}`);
    expect(said.at(-1)).toMatch(/^downloading .*os:v1: 0\.3 of 0\.3 MiB$/);
  });

  test('is fetched once', async () => {
    await fetchImage();
    const { length } = server.seen;
    await fetchImage();
    expect(server.seen.slice(length).map(({ path }) => path)).toEqual([]);
  });

  test('is fetched again if it is damaged in the cache', async () => {
    await fetchImage();
    writeFileSync(join(home, 'registry/blobs/sha256', large.slice(7)), Buffer.alloc(300_000));
    const { directory } = await fetchImage();
    expect(sha256(readFileSync(join(directory, 'blobs', large.replace(':', '/'))))).toBe(large);
  });

  test('is refused if its configuration or index declares another architecture', async () => {
    server.add('arm', arm);
    const plain = await failureOf(() => source().pin(reference(':arm'), 'amd64'), 'usage');
    expect(plain.message).toMatch(/os:arm is for linux\/arm64, but the build is for linux\/amd64/);
    server.addManifest('multi', testIndex({ 'linux/arm64': arm }));
    const index = await failureOf(() => source().pin(reference(':multi'), 'amd64'), 'usage');
    expect([index.message, index.details]).toEqual([
      expect.stringMatching(/os:multi has no image for linux\/amd64/),
      ['it has linux/arm64'],
    ]);
    expect(existsSync(lockFile())).toBe(false);
  });
});

describe('the lock', () => {
  test('records a new reference, and decides from then on', async () => {
    expect(await source().pin(reference(), 'amd64')).toEqual({
      reference: `${server.address}/os:v1`,
      digest: image.digest,
      platform: 'linux/amd64',
      manifest: image.digest,
    });
    expect(readFileSync(lockFile(), 'utf8')).toContain(
      `  ${server.address}/os:v1:\n    digest: ${image.digest}\n    platforms:\n      linux/amd64: ${image.digest}\n`,
    );
    expect(notices).toEqual([expect.stringMatching(/os:v1 is now locked to sha256:/)]);
    server.add('v1', other);
    const { length } = server.seen;
    for (const locked of [false, true]) {
      expect((await source({ locked }).pin(reference(), 'amd64')).digest).toBe(image.digest);
    }
    expect(server.seen).toHaveLength(length);
    expect(notices).toHaveLength(1);
    // The locked image is fetched, although the tag has moved.
    await fetchImage();
    expect(cached()).toEqual(everything);
  });

  test('is not written by a plan', async () => {
    await source({ mayWrite: false }).pin(reference(), 'amd64');
    expect(existsSync(lockFile())).toBe(false);
  });

  test('has one index for all architectures, even if the tag moves', async () => {
    const index = testIndex({ 'linux/amd64': image, 'linux/arm64': arm });
    server.add('other', arm);
    server.addManifest('v1', index);
    const first = await source().pin(reference(), 'amd64');
    expect(first).toMatchObject({ digest: sha256(index), manifest: image.digest });
    server.addManifest('v1', testIndex({ 'linux/amd64': other }));
    const second = await source().pin(reference(), 'arm64');
    expect(second).toMatchObject({ digest: sha256(index), manifest: arm.digest });
    expect(readFileSync(lockFile(), 'utf8')).toContain(
      `platforms:\n      linux/amd64: ${image.digest}\n      linux/arm64: ${arm.digest}\n`,
    );
  });

  test('records two references that are resolved at the same time', async () => {
    server.add('v2', other);
    const images = source();
    await Promise.all([images.pin(reference(':v2'), 'amd64'), images.pin(reference(), 'amd64')]);
    const text = readFileSync(lockFile(), 'utf8');
    expect([text.includes(image.digest), text.includes(other.digest)]).toEqual([true, true]);
    expect(images.pins().map((pin) => pin.digest)).toEqual([image.digest, other.digest]);
  });

  test('refuses a missing reference with --locked', async () => {
    const error = await failureOf(() => source({ locked: true }).pin(reference(), 'amd64'), 'usage');
    expect(error.message).toMatch(/os:v1 is not in .*kairos-factory\.lock, which --locked/);
    expect(error.remedy).toContain('kairos-factory lock');
    await source().pin(reference(), 'amd64');
    const arch = await failureOf(() => source({ locked: true }).pin(reference(), 'arm64'), 'usage');
    expect(arch.message).toMatch(/for linux\/arm64/);
  });

  test('refuses a reference with a different digest, and accepts one with the locked digest', async () => {
    await source().pin(reference(), 'amd64');
    const error = await failureOf(
      () => source().pin(reference(`:v1@${other.digest}`), 'amd64'),
      'verification',
    );
    expect(error.details).toEqual([
      `given:  ${other.digest}`,
      expect.stringContaining(`locked: ${image.digest}`),
    ]);
    expect(error.remedy).toContain('kairos-factory lock --update');
    const same = await source({ locked: true }).pin(reference(`:v1@${image.digest}`), 'amd64');
    expect(same.digest).toBe(image.digest);
  });

  test('is refused if it is malformed, and the error has the position', async () => {
    writeFileSync(lockFile(), 'schema: 1\nimages:\n  a/b:1:\n    digest: sha256:abc\n    platforms: {}\n');
    const error = await failureOf(() => source().pin(reference(), 'amd64'), 'usage');
    expect(error.message).toMatch(
      /kairos-factory\.lock:4:5: .*digest: "sha256:abc" is not a sha256 or sha512 digest/,
    );
    expect(error.remedy).toContain('docs/bases.md');
  });

  test('may refer to an image that the registry no longer has', async () => {
    await source().pin(reference(), 'amd64');
    server.manifests.clear();
    const error = await failureOf(() => fetchImage(), 'step');
    expect(error.remedy).toMatch(/no longer has the locked image.*lock --update/);
  });
});

describe('--offline', () => {
  test('uses the cache and sends no requests', async () => {
    await fetchImage();
    const { length } = server.seen;
    const { directory } = await fetchImage({ offline: true });
    expect(readdirSync(join(directory, 'blobs/sha256')).sort()).toEqual(everything);
    expect(server.seen).toHaveLength(length);
  });

  test('reports a reference that is not locked', async () => {
    const error = await failureOf(() => source({ offline: true }).pin(reference(), 'amd64'), 'usage');
    expect(error.message).toMatch(/os:v1 is not in .*kairos-factory\.lock, and --offline/);
    expect(error.remedy).toContain('kairos-factory lock');
    expect(server.seen).toEqual([]);
  });

  test('lists every blob that is missing or damaged', async () => {
    await source().pin(reference(), 'amd64');
    const nothing = await failureOf(() => fetchImage({ offline: true }), 'step');
    expect(nothing.details).toEqual([`missing: ${image.digest}`]);
    await fetchImage();
    const [first = '', second = ''] = image.layers.map(({ digest }) => digest);
    rmSync(join(home, 'registry/blobs', first.replace(':', '/')));
    const damaged = join(home, 'registry/blobs', second.replace(':', '/'));
    writeFileSync(damaged, Buffer.alloc(300_000));
    const error = await failureOf(() => fetchImage({ offline: true }), 'step');
    expect(error.details).toEqual([
      expect.stringMatching(`^missing: ${first} \\(\\d+ bytes\\)$`),
      `missing: ${second} (300000 bytes)`,
    ]);
    expect(error.remedy).toContain('without --offline');
  });
});

describe('a registry that misbehaves', () => {
  test('answers 429 and 500: the request is repeated', async () => {
    const answers = [429, 500];
    server.interfere = ({ path }, response) => {
      const status = path.endsWith(large) ? answers.shift() : undefined;
      if (status === undefined) return false;
      response.writeHead(status, status === 429 ? { 'retry-after': '0' } : {}).end();
      return true;
    };
    const { said } = await fetchImage();
    expect(said.filter((line) => line.includes('trying again'))).toEqual([
      expect.stringMatching(/HTTP 429; trying again in 0 s/),
      expect.stringMatching(/HTTP 500; trying again in \d s/),
    ]);
    expect(blobRequests()).toHaveLength(3);
  });

  test.each(['stalls', 'truncates'])('%s: the download resumes', async (how) => {
    let first = true;
    server.interfere = ({ path }, response) => {
      if (!path.endsWith(large) || !first) return false;
      first = false;
      response.writeHead(200, { 'content-length': 300_000 });
      response.write(Buffer.alloc(300_000, 'layer ').subarray(0, 120_000), () => {
        if (how === 'truncates') setTimeout(() => response.destroy(), 50);
      });
      return true;
    };
    await fetchImage({ access: { timeout: 1000 } });
    expect(blobRequests().map(({ headers }) => headers.range)).toEqual([undefined, 'bytes=120000-']);
    expect(cached()).toEqual(everything);
  });

  test('stalls before it answers', async () => {
    let first = true;
    server.interfere = ({ path }) => {
      const stalls = path.endsWith('/manifests/v1') && first;
      if (stalls) first = false;
      return stalls;
    };
    const images = source({ access: { timeout: 1000 } });
    expect((await images.pin(reference(), 'amd64')).digest).toBe(image.digest);
  });

  test('returns content with a wrong digest: nothing is kept', async () => {
    server.blobs.set(large, Buffer.alloc(300_000, 'liar'));
    const error = await failureOf(() => fetchImage(), 'verification');
    expect(error.details).toContain(`expected ${large}`);
    expect(cached().filter((name) => name.startsWith(large.slice(7)))).toEqual([]);
  });

  test('returns content of a wrong size', async () => {
    server.blobs.set(large, Buffer.alloc(300_001, 'layer '));
    const error = await failureOf(() => fetchImage(), 'verification');
    expect(error.message).toContain('larger than its 300000 bytes');
  });

  test('returns a manifest that differs from the lock', async () => {
    await source().pin(reference(), 'amd64');
    server.manifests.set(image.digest, other.manifest);
    const error = await failureOf(() => fetchImage(), 'verification');
    expect(error.details).toContain(`received ${other.digest}`);
  });
});

test('unfinished downloads of dead runs are resumed, or removed if they are not needed', async () => {
  await fetchImage();
  const place = join(home, 'registry/blobs/sha256');
  const hex = large.slice(7);
  rmSync(join(place, hex));
  writeFileSync(join(place, `${hex}.partial-99-7-abc`), Buffer.alloc(300_000, 'layer ').subarray(0, 1200));
  writeFileSync(join(place, `${'0'.repeat(64)}.partial-99-7-abc`), 'old');
  writeFileSync(join(place, `${'1'.repeat(64)}.partial-${OWNER}-abc`), 'of a run that goes on');
  await fetchImage();
  expect(blobRequests().at(-1)?.headers.range).toBe('bytes=1200-');
  expect(cached()).toEqual([...everything, `${'1'.repeat(64)}.partial-${OWNER}-abc`].sort());
});

describe('mirrors', () => {
  const settings = (...mirrors: string[]): RegistrySettings[] => [
    { registry: 'registry.example', mirrors, insecure: false },
  ];
  const wanted = parseImageReference('registry.example/os:v1');

  test('are tried first, in order', async () => {
    await using mirror = await testRegistry('team/os');
    mirror.add('v1', image);
    const registries = settings('localhost:1', `${server.address}/nothing`, `${mirror.address}/team`);
    const { said } = await fetchImage({ access: { registries } }, wanted);
    expect(said.filter((line) => line.includes('skipping the mirror'))).toHaveLength(2);
    expect(notices.at(-1)).toMatch(/^registry\.example\/os:v1 is now locked to sha256:/);
    expect(mirror.seen.length).toBeGreaterThan(2);
  });

  test('cause an error if they return other content', async () => {
    await using mirror = await testRegistry('os');
    mirror.add('v1', image);
    mirror.blobs.set(large, Buffer.alloc(300_000, 'liar'));
    const access = { registries: settings(mirror.address) };
    await failureOf(() => fetchImage({ access }, wanted), 'verification');
  });
});

test('proxies come from the environment', async () => {
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void proxy.close());
  const http = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const env = { HOME: home, HTTP_PROXY: http, NO_PROXY: server.address };
  const registries = [{ registry: 'registry.example:80', mirrors: [], insecure: true }];
  const far = parseImageReference('registry.example:80/os:v1');
  await failureOf(() => source({ access: { env, registries } }).pin(far, 'amd64'), 'step');
  expect(asked.at(-1)).toBe('http://registry.example/v2/os/manifests/v1');
  const { length } = asked;
  await source({ access: { env } }).pin(reference(), 'amd64');
  expect(asked).toHaveLength(length);
});

describe('credentials', () => {
  const secret = Buffer.from('ann:hush').toString('base64');
  const guard = () => {
    server.interfere = ({ headers }, response) => {
      if (headers.authorization === `Basic ${secret}`) return false;
      response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
      return true;
    };
  };
  const configure = (content: object) => {
    writeFileSync(join(home, 'auth.json'), JSON.stringify(content));
    return { HOME: home, REGISTRY_AUTH_FILE: join(home, 'auth.json') };
  };

  test('of a helper process are read from its output, and appear nowhere else', async () => {
    guard();
    const helper = join(home, 'docker-credential-test');
    writeFileSync(
      helper,
      `#!/bin/sh\necho "$*" >${home}/args\ncat >${home}/server\necho '{"Username":"ann","Secret":"hush"}'\n`,
    );
    chmodSync(helper, 0o755);
    const { said } = await fetchImage({
      access: { env: configure({ credHelpers: { [server.address]: 'test' } }) },
    });
    expect(readFileSync(join(home, 'args'), 'utf8')).toBe('get\n');
    expect(readFileSync(join(home, 'server'), 'utf8')).toBe(server.address);
    const told = [...logged, ...notices, ...said, readFileSync(lockFile(), 'utf8')].join('\n');
    expect(told).toContain('docker-credential-test get');
    expect(told).not.toMatch(/hush|YW5uOmh1c2g/);
  });

  test('cause an error with a remedy if they are missing or refused', async () => {
    guard();
    const missing = await failureOf(() => source().pin(reference(), 'amd64'), 'step');
    expect(missing.remedy).toContain(`docker login ${server.address}`);
    const env = configure({
      auths: { [server.address]: { auth: Buffer.from('ann:no').toString('base64') } },
    });
    const refused = await failureOf(() => source({ access: { env } }).pin(reference(), 'amd64'), 'step');
    expect(refused.remedy).toMatch(/Log in to .* again/);
  });
});

describe('an image that must be signed', () => {
  const release = signer('release.pub');
  const rule = (by: Signer): TrustRule => ({
    match: '**',
    keys: [by.trust],
    threshold: 1,
    place: 'trust.base',
  });
  const manifest = () => sha256(server.manifests.get('v1') ?? Buffer.alloc(0));

  /** Adds a signature in the legacy format. */
  function sign(digest: string, by: Signer): void {
    const payload = Buffer.from(simpleSigning(digest));
    server.blobs.set(sha256(payload), payload);
    const annotations = { 'dev.cosignproject.cosign/signature': by.sign(payload).toString('base64') };
    const layers = [{ mediaType: 'x', digest: sha256(payload), size: payload.length, annotations }];
    server.addManifest(`${digest.replace(':', '-')}.sig`, Buffer.from(JSON.stringify({ layers })));
  }

  test('is neither locked nor fetched before its signature is verified', async () => {
    const images = source();
    const error = await failureOf(() => images.pin(reference(), 'amd64', rule(release)), 'verification');
    expect(error.details.join()).toContain(`${manifest()} is not signed`);
    expect(existsSync(lockFile())).toBe(false);
    expect(server.seen.some(({ path }) => path.includes('/blobs/') && path.endsWith(large))).toBe(false);
    // A second request fails in the same way, even without a required signature.
    await failureOf(() => images.pin(reference(), 'amd64'), 'verification');
  });

  test('is verified again offline, from the recorded answers', async () => {
    await failureOf(() => source({ offline: true }).pin(reference(), 'amd64', rule(release)), 'usage');
    sign(manifest(), release);
    const pin = await source().pin(reference(), 'amd64', rule(release));
    expect(pin.manifest).toBe(manifest());
    expect(notices.join()).toContain('is signed by release.pub, as trust.base requires');
    const asked = server.seen.length;
    expect(await source({ offline: true }).pin(reference(), 'amd64', rule(release))).toEqual(pin);
    const stranger = signer('stranger.pub');
    await failureOf(
      () => source({ offline: true }).pin(reference(), 'amd64', rule(stranger)),
      'verification',
    );
    rmSync(join(home, 'registry/signatures'), { recursive: true });
    const none = await failureOf(
      () => source({ offline: true }).pin(reference(), 'amd64', rule(release)),
      'step',
    );
    expect(none.message).toContain('is not in the cache');
    expect(server.seen.length).toBe(asked);
  });

  test('is verified even if it was pinned before without a signature', async () => {
    const images = source();
    await images.pin(reference(), 'amd64');
    await failureOf(() => images.pin(reference(), 'amd64', rule(release)), 'verification');
  });
});
