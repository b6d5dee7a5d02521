import { createCipheriv } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Manifest, parseManifest } from '../../src/common/oci/registry/image-manifest.ts';
import { parseImageReference } from '../../src/common/oci/registry/image-reference.ts';
import { parsePlatform } from '../../src/common/oci/registry/platform.ts';
import { openRegistry } from '../../src/common/oci/registry/registry.ts';
import type { PushResult } from '../../src/factory/deliver/publish/push-images.ts';
import { writeOciLayout } from '../../src/factory/inputs/base/oci-layout.ts';
import { createRegistryHost } from '../../src/factory/inputs/base/registry-host.ts';
import { createRunner } from '../../src/factory/tools/runner.ts';
import { smallestArm64 } from '../support/arm64.ts';
import { makeCertificates } from '../support/certificates.ts';
import { generateKeyPair } from '../support/cosign.ts';
import { factory, PROJECT, TEST_HOME } from '../support/factory.ts';
import { type FaultyProxy, faultyProxy } from '../support/faulty-proxy.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tool } from '../support/tool.ts';

const MIB = 1024 * 1024;
/** More bytes than fit in one request. */
const LARGE = 40 * MIB;
const OTHER = `sha256:${'0'.repeat(64)}`;
/** Tests read pushed content from the plain registry; the other one serves the same content with TLS and a password. */
let plain: TestRegistry;
let guarded: TestRegistry;
let proxy: FaultyProxy;
let home: string;
const layouts = { amd64: '', arm64: '' };

beforeAll(async () => {
  home = await mkdtemp(join(TEST_HOME, 'push-'));
  plain = await startRegistry();
  // The output of "htpasswd -B" for "ann:hush".
  const line = 'ann:$2b$04$9Ckiv1ZgVMMIv4uj7XewXeODGLohXi4Xp.T9W1sJaNB55usIZDWmq\n';
  await writeFile(join(home, 'htpasswd'), line);
  const tls = await makeCertificates(home);
  guarded = await startRegistry({ storage: plain.storage, tls, htpasswd: join(home, 'htpasswd') });
  await mkdir(join(home, 'docker'));
  const auth = Buffer.from('ann:hush').toString('base64');
  await writeFile(join(home, 'docker/config.json'), JSON.stringify({ auths: { [guarded.host]: { auth } } }));
  proxy = await faultyProxy(plain.host);
  layouts.amd64 = await makeLayout('amd64', LARGE);
  layouts.arm64 = await makeLayout('arm64', MIB);
});
afterEach(() => {
  proxy.fault = undefined;
});
afterAll(async () => {
  for (const one of [proxy, guarded, plain]) await one?.[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

/** An image layout with one incompressible layer of the given size. It is not an OS, but no registry checks that. */
async function makeLayout(arch: string, size: number): Promise<string> {
  const directory = join(home, `${arch}.oci`);
  const key = Buffer.from(arch.padEnd(16));
  const content = createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
  await mkdir(directory);
  await writeOciLayout(directory, { arch, epoch: 1_700_000_000, tag: `12-core-${arch}` }, async (output) => {
    await new Promise<void>((resolve) => output.end(content, resolve));
  });
  return directory;
}

const digestOfLayout = async (layout: string): Promise<string> =>
  JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')).manifests[0].digest;

/** Runs the program with the test's credentials. */
const run = (args: readonly string[], env: Record<string, string> = {}) =>
  factory(args, { cwd: home, env: { DOCKER_CONFIG: join(home, 'docker'), ...env } });

async function pushed(args: readonly string[]): Promise<PushResult> {
  const { status, stdout, stderr } = await run(['push', '--json', ...args]);
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}

/** Lists the tags of a repository; none when it does not exist. */
async function tagsOf(repository: string): Promise<string[]> {
  const answer = (await (await plain.get(`${repository}/tags/list`)).json()) as { tags?: string[] | null };
  return (answer.tags ?? []).sort();
}

/** The registry reader of factory and agent. */
function reader(repository: string) {
  const { signal } = new AbortController();
  const runner = createRunner({ signal, log: () => undefined, env: process.env });
  const host = createRegistryHost({ runner, env: process.env, warn: () => undefined });
  return openRegistry(host, parseImageReference(`${plain.host}/${repository}:none`));
}

/** Checks that skopeo copies an image back to the same layout, blob by blob. */
async function expectCopied(image: string, layout: string): Promise<void> {
  const copy = await mkdtemp(join(home, 'copy-'));
  await tool(
    ...(['skopeo', 'copy', '--quiet', '--preserve-digests', '--src-tls-verify=false'] as const),
    `docker://${image}`,
    `oci:${copy}:copy`,
  );
  expect(await digestOfLayout(copy)).toBe(await digestOfLayout(layout));
  await tool('diff', '-r', join(layout, 'blobs'), join(copy, 'blobs'));
  await rm(copy, { recursive: true });
}

describe('a build', () => {
  let root: string;
  let output: string;
  let result: PushResult;
  const image = () => `${guarded.host}/team/os`;
  const args = () => [
    ...['artifacts', '--image', `dir:${root}`, '--artifact', 'squashfs,raw', '--output', output, '--json'],
    ...['--push', `${image()}:v1.2.3`, '--set', 'push={tags: [latest], artifacts: all}'],
    ...['--set', `registries=[{registry: "${guarded.host}", ca: ca.pem}]`],
  ];

  beforeAll(async () => {
    root = await smallestArm64();
    output = join(home, 'out');
    const { status, stdout, stderr } = await run(args());
    expect(status, stderr).toBe(0);
    result = JSON.parse(stdout).push;
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  test('is pushed unchanged, with TLS and a password, and tagged', async () => {
    const [layout = ''] = (await readdir(output)).filter((name) => name.endsWith('.oci'));
    expect(result).toMatchObject({ reference: image(), digest: await digestOfLayout(join(output, layout)) });
    expect(result.tags).toEqual(['v1.2.3', 'latest']);
    expect(await tagsOf('team/os')).toEqual(
      ['latest', `sha256-${result.digest.slice('sha256:'.length)}`, 'v1.2.3'].sort(),
    );
    await expectCopied(`${plain.host}/team/os:v1.2.3`, join(output, layout));
  });

  test('has attached files that refer to the image and equal those of the output directory', async () => {
    const repository = reader('team/os');
    const found = await repository.getReferrers(result.digest);
    expect(found.map(({ digest }) => digest)).toEqual(result.artifacts.map(({ digest }) => digest));
    const stem = 'kairos-debian-12-core-arm64-rpi4-v1.2.3';
    expect(result.artifacts.map(({ file }) => file)).toEqual([
      'SHA256SUMS',
      `${stem}.cdx.json`,
      `${stem}.provenance.json`,
      `${stem}.raw`,
      `${stem}.spdx.json`,
      `${stem}.squashfs`,
      'manifest.json',
    ]);
    expect(found.map(({ artifactType }) => artifactType)).toEqual([
      'application/vnd.kairos-factory.checksums',
      'application/vnd.cyclonedx+json',
      'application/vnd.in-toto+json',
      'application/vnd.efi.img',
      'application/spdx+json',
      'application/vnd.squashfs',
      'application/vnd.kairos-factory.manifest+json',
    ]);
    const fetched = await mkdtemp(join(home, 'fetched-'));
    for (const { digest } of found) {
      const { bytes } = await repository.getManifestBytes(digest);
      const manifest = (parseManifest(digest, bytes) as { manifest: Manifest }).manifest;
      expect(manifest.config.mediaType).toBe('application/vnd.oci.empty.v1+json');
      expect(manifest.subject?.digest).toBe(result.digest);
      for (const layer of manifest.layers) {
        const title = layer.annotations?.['org.opencontainers.image.title'] ?? '';
        await writeFile(join(fetched, title), await repository.getBlobBytes(layer.digest, 200 * MIB));
      }
    }
    await tool('zstd', '-d', '-q', '--rm', join(fetched, `${stem}.raw.zst`));
    await writeFile(
      join(fetched, 'sums'),
      (await readFile(join(fetched, 'SHA256SUMS'), 'utf8')).replace(/.*oci.*\n/, ''),
    );
    expect(await tool('sh', '-c', 'cd "$1" && sha256sum -c sums', 'sh', fetched)).toMatch(
      /raw: OK\n.*spdx.json: OK\n.*squashfs: OK$/,
    );
    await tool('cmp', join(fetched, 'manifest.json'), join(output, 'manifest.json'));
    await rm(fetched, { recursive: true });
  });

  test('is not uploaded a second time, and gets the same digests', async () => {
    const again = await pushed([output, '--to', `${proxy.host}/team/os:v1.2.3`, '--artifacts', 'all']);
    expect({ ...again, reference: image() }).toEqual({ ...result, tags: ['v1.2.3'] });
    expect(proxy.seen.filter((line) => line.includes('/uploads/'))).toEqual([]);
  });

  test('is signed, with its documents attached, before it has a tag', async () => {
    const key = await generateKeyPair(home, 'release');
    const to = `${proxy.host}/team/signed`;
    const PATH = `${join(PROJECT, '.tools/bin')}:${process.env['PATH']}`;
    const make = [
      ...['artifacts', '--image', `dir:${root}`, '--artifact', 'squashfs,raw', '--output', output, '--json'],
      ...['--push', `${to}:v1`, '--sign', key.privateKey],
    ];
    const referrers = async () => (await plain.get(`team/signed/manifests/sha256-${hex}`)).json();
    const hex = result.digest.slice('sha256:'.length);

    proxy.fault = ({ method, headers }) =>
      method === 'PUT' && headers['user-agent']?.startsWith('cosign') ? { status: 403 } : undefined;
    const failed = await run(make, { PATH });
    expect([failed.status, failed.stderr]).toEqual([4, expect.stringContaining('cosign')]);
    expect(await tagsOf('team/signed')).not.toContain('v1');

    proxy.fault = undefined;
    const { status, stdout, stderr } = await run(make, { PATH });
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout).push).toMatchObject({
      ...{ digest: result.digest, tags: ['v1'] },
      signatures: { signer: key.privateKey, attestations: ['cyclonedx', 'slsaprovenance1', 'spdxjson'] },
    });
    const policy = 'keys: [release.pub]\nattestations: [spdxjson, cyclonedx, slsaprovenance1]\n';
    await writeFile(join(home, 'policy.yaml'), policy);
    const verified = await run(['verify', `${plain.host}/team/signed:v1`, output, '--policy', 'policy.yaml']);
    expect(verified.status, verified.stderr).toBe(0);

    const before = await referrers();
    expect((await run(make, { PATH })).status).toBe(0);
    expect(await referrers()).toEqual(before);

    const later = ['push', output, '--to', `${plain.host}/team/later:v1`, '--json'];
    const unknown = await run([...later, '--sign'], { PATH });
    expect([unknown.status, unknown.stdout]).toEqual([2, expect.stringContaining('--sign has no value')]);
    const own = await run([...later, '--sign', key.privateKey], { PATH });
    expect(own.status, own.stderr).toBe(0);
    const held = `${plain.host}/team/later@${result.digest}`;
    expect((await run(['verify', held, '--policy', 'policy.yaml'])).status).toBe(0);
  });

  test('of an image from elsewhere is first written as the same layout', async () => {
    const cache = { KAIROS_FACTORY_CACHE: join(TEST_HOME, 'cache') };
    const { status, stdout, stderr } = await run(
      ['push', `dir:${root}`, '--to', `${plain.host}/team/held`, '--json'],
      cache,
    );
    expect(status, stderr).toBe(0);
    const { digest, tags } = JSON.parse(stdout) as PushResult;
    expect([digest, tags]).toEqual([result.digest, ['12-core-arm64-rpi4-v1.2.3']]);
    const left = await readdir(join(TEST_HOME, 'cache/work'));
    expect(left.filter((name) => name.includes('push'))).toEqual([]);
  });

  test('is not pushed if it was changed afterwards', async () => {
    const sums = join(output, 'SHA256SUMS');
    const before = await readFile(sums, 'utf8');
    const squashfs =
      before
        .split('\n')
        .find((line) => line.endsWith('.squashfs'))
        ?.slice(66) ?? '';
    const whole = await readFile(join(output, squashfs));
    const changed = Buffer.from(whole);
    changed[whole.length - 1] = 0x55 ^ (whole.at(-1) ?? 0);
    await writeFile(join(output, squashfs), changed);
    const args = ['push', output, '--to', `${plain.host}/team/changed:v1`, '--artifacts', 'squashfs'];
    const { status, stderr } = await run(args);
    expect([status, stderr]).toEqual([5, expect.stringContaining(`${squashfs} does not match its digest`)]);
    await writeFile(join(output, squashfs), whole);
    await writeFile(sums, before.replace(/^[0-9a-f]{8}/m, '00000000'));
    const other = await run(args);
    expect([other.status, other.stderr]).toEqual([5, expect.stringContaining('do not agree')]);
    await writeFile(sums, before);
    expect(await tagsOf('team/changed')).toEqual([]);
  });

  test('without credentials or a trusted certificate fails with a remedy', async () => {
    const refused = await run(
      ['push', output, '--to', image(), '--set', `registries=[{registry: "${guarded.host}", ca: ca.pem}]`],
      { DOCKER_CONFIG: home, HOME: home },
    );
    expect([refused.status, refused.stderr]).toEqual([
      4,
      expect.stringContaining(`docker login ${guarded.host}`),
    ]);
    const untrusted = await run(['push', output, '--to', image()]);
    expect([untrusted.status, untrusted.stderr]).toEqual([4, expect.stringContaining('is not trusted')]);
    const offline = await run([...args(), '--offline']);
    expect([offline.status, offline.stderr]).toEqual([2, expect.stringContaining('--offline cannot push')]);
  });
});

describe('images of several architectures', () => {
  test('become an index, and an existing image gets another tag', async () => {
    const to = `${plain.host}/team/multi`;
    const sources = [`oci:${layouts.arm64}`, `oci:${layouts.amd64}`];
    const result = await pushed([...sources, '--to', `${to}:v1`, '--tag', 'stable']);
    const digests = {
      amd64: await digestOfLayout(layouts.amd64),
      arm64: await digestOfLayout(layouts.arm64),
    };
    expect(result.images).toEqual([
      { platform: 'linux/arm64/v8', digest: digests.arm64 },
      { platform: 'linux/amd64', digest: digests.amd64 },
    ]);
    expect(await tagsOf('team/multi')).toEqual(['stable', 'v1']);
    for (const arch of ['amd64', 'arm64'] as const) {
      const tagged = openRegistry(
        createRegistryHost({
          runner: createRunner({ signal: new AbortController().signal, log: () => undefined, env: {} }),
          env: {},
          warn: () => undefined,
        }),
        parseImageReference(`${to}:stable`),
      );
      const found = await tagged.resolveManifest(parsePlatform(arch));
      expect([found.digest, found.indexDigest]).toEqual([digests[arch], result.digest]);
      await expectCopied(`${to}@${digests[arch]}`, layouts[arch]);
    }
    const retagged = await pushed([`${to}@${digests.amd64}`, '--to', to, '--tag', 'amd64']);
    expect(retagged).toEqual({ reference: to, digest: digests.amd64, tags: ['amd64'], artifacts: [] });
    // Built on two machines and combined on a third; the order does not matter.
    const joined = [`${to}@${digests.amd64}`, `${to}@${digests.arm64}`];
    expect((await pushed([...joined, '--to', `${to}:joined`])).digest).toBe(result.digest);
    const named = await pushed([layouts.arm64, '--to', to]);
    expect(named.tags).toEqual(['12-core-arm64']);
  });

  test('cannot become an index when two are for the same architecture', async () => {
    const other = join(home, 'other');
    await mkdir(other);
    await writeOciLayout(
      other,
      { arch: 'amd64', epoch: 1, tag: 'x' },
      async (output) => void output.end('other'),
    );
    const args = ['push', other, layouts.amd64, '--to', `${plain.host}/team/same:v1`];
    const { status, stderr } = await run(args);
    expect([status, stderr]).toEqual([2, expect.stringContaining('two images are for linux/amd64')]);
    expect(await tagsOf('team/same')).toEqual([]);
  });
});

describe('a faulty network or registry', () => {
  const to = (name: string) => `${proxy.host}/${name}`;
  const requests = (from: number, pattern: RegExp) =>
    proxy.seen.slice(from).filter((line) => pattern.test(line));
  const push = (name: string, ...more: string[]) =>
    run(['push', `oci:${layouts.amd64}`, '--to', `${to(name)}:v1`, ...more]);

  test('an interrupted upload resumes with the chunk', async () => {
    let cuts = 2;
    proxy.fault = ({ method, headers }) =>
      method === 'PATCH' && headers['content-range']?.startsWith('0-') === false && cuts-- > 0
        ? { cutAfter: MIB }
        : undefined;
    const from = proxy.seen.length;
    const { status, stderr } = await push('cut/off');
    expect(status, stderr).toBe(0);
    await expectCopied(`${plain.host}/cut/off:v1`, layouts.amd64);
    // One upload session for the layer, one for the configuration.
    expect(requests(from, /^POST/)).toHaveLength(2);
    expect(requests(from, /^PATCH/)).toHaveLength(4);
  });

  test('an upload that the registry has lost starts again', async () => {
    let isCut = false;
    proxy.fault = ({ method, headers }) => {
      if (isCut || method !== 'PATCH' || headers['content-range']?.startsWith('0-')) return undefined;
      isCut = true;
      return { cutThrough: MIB };
    };
    const from = proxy.seen.length;
    const { status, stderr } = await push('cut/through');
    expect([status, isCut], stderr).toEqual([0, true]);
    await expectCopied(`${plain.host}/cut/through:v1`, layouts.amd64);
    expect(requests(from, /^POST/)).toHaveLength(3);
  });

  test('requests are retried after 429 and 500', async () => {
    const answers = new Map([
      ['POST', 429],
      ['PATCH', 500],
      ['PUT', 503],
    ]);
    proxy.fault = ({ method }) => {
      const status = answers.get(method);
      answers.delete(method);
      return status === undefined ? undefined : { status, headers: { 'retry-after': '0' } };
    };
    const { status, stderr } = await push('busy');
    expect([status, answers.size], stderr).toEqual([0, 0]);
    expect(stderr).toContain('responds with HTTP 429; trying again');
    await expectCopied(`${plain.host}/busy:v1`, layouts.amd64);
  });

  test.each([
    ['a blob', /^PUT .*uploads/],
    ['a manifest', /^PUT .*manifests/],
  ])('a wrong digest of %s prevents the tag', async (name, pattern) => {
    proxy.fault = ({ method, path }) =>
      pattern.test(`${method} ${path}`)
        ? {
            lie: ({ headers }) => {
              headers['docker-content-digest'] = OTHER;
            },
          }
        : undefined;
    const repository = `lies/${name.replaceAll(' ', '-')}`;
    const { status, stderr } = await push(repository);
    expect([status, stderr]).toEqual([5, expect.stringContaining(`received ${OTHER}`)]);
    expect(await tagsOf(repository)).toEqual([]);
  });

  test('a tag that resolves to other content is detected', async () => {
    proxy.fault = ({ method, path }) =>
      method === 'GET' && path.endsWith('/manifests/v1')
        ? {
            lie: (answer) => {
              answer.body = Buffer.from('{"schemaVersion":2,"manifests":[]}');
              delete answer.headers['docker-content-digest'];
            },
          }
        : undefined;
    const { status, stderr } = await push('lies/tag');
    expect([status, stderr]).toEqual([5, expect.stringContaining('read back')]);
  });

  test('a refusal is reported with the registry’s message, and no tag is written', async () => {
    proxy.fault = ({ method, path }) =>
      method === 'PUT' && path.includes('/manifests/') ? { status: 405 } : undefined;
    const { status, stderr } = await push('refused');
    expect([status, stderr]).toEqual([4, expect.stringContaining('HTTP 405')]);
    expect(await tagsOf('refused')).toEqual([]);
  });

  test('Ctrl-C leaves no tag or other content, and the next push succeeds', async () => {
    const { promise: stalled, resolve: reached } = Promise.withResolvers<void>();
    proxy.fault = ({ method }) => (method === 'PATCH' ? { stallAfter: MIB, reached } : undefined);
    const cache = join(home, 'cache');
    const child = execa(
      join(PROJECT, 'bin/kairos-factory'),
      ['push', `oci:${layouts.amd64}`, '--to', `${to('stopped')}:v1`],
      { cwd: home, env: { KAIROS_FACTORY_CACHE: cache, CI: 'true' }, reject: false },
    );
    await stalled;
    child.kill('SIGINT');
    const { exitCode, stderr } = await child;
    expect([exitCode, stderr]).toEqual([130, expect.stringContaining('interrupted by SIGINT')]);
    expect([await tagsOf('stopped'), await readdir(join(cache, 'work'))]).toEqual([[], []]);
    proxy.fault = undefined;
    expect((await push('stopped')).status).toBe(0);
    expect(await tagsOf('stopped')).toEqual(['v1']);
  });
});
