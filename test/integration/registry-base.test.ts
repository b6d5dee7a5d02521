import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BuildReport } from '../../src/factory/pipeline/build-report.ts';
import { makeCertificates } from '../support/certificates.ts';
import { factory, PROJECT, TEST_HOME, type TestBuild, testBuild } from '../support/factory.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tool } from '../support/tool.ts';
import { testImage } from '../unit/common/oci/layers/support/test-image.ts';
import { testRegistry } from '../unit/common/oci/layers/support/test-registry.ts';
import { tarBytes } from '../unit/support/tar-bytes.ts';

/** A plain registry to push to, and one that serves the same content with TLS and a password. */
let plain: TestRegistry;
let guarded: TestRegistry;
let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(TEST_HOME, 'registry-'));
  const tls = await makeCertificates(home);
  // The output of "htpasswd -B" for "ann:hush".
  const line = 'ann:$2b$04$9Ckiv1ZgVMMIv4uj7XewXeODGLohXi4Xp.T9W1sJaNB55usIZDWmq\n';
  await writeFile(join(home, 'htpasswd'), line);
  plain = await startRegistry();
  guarded = await startRegistry({ storage: plain.storage, tls, htpasswd: join(home, 'htpasswd') });
});
afterAll(async () => {
  await guarded?.[Symbol.asyncDispose]();
  await plain?.[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

/** A base without a matching flavor, which makes a build fail as soon as the base is imported. */
async function pushBase(tag: string): Promise<string> {
  const layer = tarBytes([
    { name: 'etc', type: 'directory' },
    { name: 'etc/os-release', content: `ID=plan9\nNAME=${tag}\n` },
  ]);
  const digest = await plain.pushRoot('team/base', layer);
  return plain.pushIndex('team/base', { amd64: digest }, tag);
}

/** A project with its own configuration and credentials. */
async function project(name: string, config: string) {
  const directory = join(home, name);
  await mkdir(join(directory, 'docker'), { recursive: true });
  await writeFile(join(directory, 'kairos-factory.yaml'), config);
  const auth = Buffer.from('ann:hush').toString('base64');
  await writeFile(
    join(directory, 'docker/config.json'),
    JSON.stringify({ auths: { [guarded.host]: { auth } } }),
  );
  const env = { DOCKER_CONFIG: join(directory, 'docker'), KAIROS_FACTORY_CACHE: join(home, 'cache') };
  const lock = join(directory, 'kairos-factory.lock');
  return {
    directory,
    lock: () => readFile(lock, 'utf8'),
    run: (args: string[], more: Record<string, string> = {}) =>
      factory(args, { cwd: directory, env: { ...env, ...more } }),
  };
}

test('a base behind TLS and a password is locked, fetched and imported, and imported again offline', async () => {
  const first = await pushBase('v1');
  const reference = `${guarded.host}/team/base:v1`;
  const config = `flavor: debian\nbase: ${reference}\nregistries: [{ registry: "${guarded.host}", ca: ../ca.pem }]\n`;
  const { run, lock } = await project('locked', config);

  const unlocked = await run(['build', '--locked']);
  expect([unlocked.status, unlocked.stderr]).toEqual([2, expect.stringContaining(`${reference} is not in`)]);
  const built = await run(['build']);
  // The base was imported into the image store: its os-release has been read.
  expect([built.status, built.stderr]).toEqual([2, expect.stringContaining('is not for the base "plan9"')]);
  expect(built.stderr).toContain(`notice: ${reference} is now locked to ${first} in kairos-factory.lock`);
  expect(await lock()).toContain(`digest: ${first}`);

  // The tag moves, but the build stays with the locked digest.
  const moved = await plain.pushIndex('team/base', { amd64: await manifestOf(await pushBase('v2')) }, 'v1');
  const again = await run(['build', '--locked']);
  expect([again.status, again.stderr]).toEqual([2, expect.stringContaining('is not for the base "plan9"')]);
  expect(again.stderr).not.toContain('[base]');
  expect(await lock()).toContain(`digest: ${first}`);

  const pinned = `${reference}@${moved}`;
  const other = await run(['build', '--base', pinned]);
  expect(other.status).toBe(5);
  expect(other.stderr).toMatch(new RegExp(`given: {2}${moved}\\n.*locked: ${first}`));
  expect(other.stderr).toContain('kairos-factory lock --update');

  const renewed = await run(['lock', '--update']);
  expect([renewed.status, renewed.stdout]).toEqual([
    0,
    `renewed   ${reference}  ${first} -> ${moved}\nkairos-factory.lock`,
  ]);
  const offline = await run(['build', '--offline']);
  expect(offline.status).toBe(4);
  expect(offline.stderr).toMatch(/missing: sha256:[0-9a-f]{64}/);
  expect(offline.stderr).toMatch(/to do: Run the same command once without --offline/);
  const fetched = await run(['build', '--no-cache']);
  expect(fetched.stderr).toContain('is not for the base "plan9"');
  const proxies = { HTTPS_PROXY: 'http://127.0.0.1:1', NO_PROXY: '' };
  const cached = await run(['build', '--no-cache', '--offline'], proxies);
  expect(cached.stderr).toContain('is not for the base "plan9"');
  expect((await run(['build', '--no-cache'], proxies)).stderr).toContain('is not for the base "plan9"');

  const dropped = await run(['lock', '--base', 'bootstrap:']);
  expect(dropped.stdout).toBe(`dropped   ${reference}\nkairos-factory.lock`);
  // Neither the cache nor the log nor the lock contains the password.
  const found = await tool(
    'sh',
    '-c',
    'grep -rlE "hush|YW5uOmh1c2g" "$1"/cache "$1"/locked || true',
    'sh',
    home,
  );
  expect(found).toBe(`${home}/locked/docker/config.json`);
  expect(await readdir(join(home, 'cache/work'))).toEqual([]);
});

async function manifestOf(index: string): Promise<string> {
  const answer = (await (await plain.get(`team/base/manifests/${index}`)).json()) as {
    manifests: { digest: string }[];
  };
  return answer.manifests[0]?.digest ?? '';
}

test('an untrusted certificate and a missing password are reported', async () => {
  await pushBase('v3');
  const base = `flavor: debian\nbase: ${guarded.host}/team/base:v3\n`;
  const untrusted = await (await project('untrusted', base)).run(['lock']);
  expect(untrusted.status).toBe(4);
  expect(untrusted.stderr).toMatch(/the certificate of 127\.0\.0\.1:\d+ is not trusted/);
  expect(untrusted.stderr).toContain('"ca" in the key "registries"');
  const insecure = await project(
    'insecure',
    `${base}registries: [{ registry: "${guarded.host}", insecure: true }]\n`,
  );
  expect((await insecure.run(['lock'])).stdout).toMatch(/^locked {4}/);
  await rm(join(insecure.directory, 'docker'), { recursive: true });
  const refused = await insecure.run(['lock', '--update'], { HOME: insecure.directory });
  expect(refused.status).toBe(4);
  expect(refused.stderr).toContain(`docker login ${guarded.host}`);
});

test('a proxy from the environment is used, with the registry’s own certificate', async () => {
  const asked: string[] = [];
  const proxy = createServer().on('connect', (request, client: Socket) => {
    asked.push(request.url ?? '');
    const [name = '', port = ''] = request.url?.split(':') ?? [];
    const upstream = connect(Number(port), name, () => client.write('HTTP/1.1 200 OK\r\n\r\n'));
    upstream.on('error', () => client.destroy()).on('close', () => client.destroy());
    client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
    upstream.pipe(client).pipe(upstream);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  try {
    await pushBase('v4');
    const base = `flavor: debian\nbase: ${guarded.host}/team/base:v4\n`;
    const registries = `registries: [{ registry: "${guarded.host}", ca: ../ca.pem }]\n`;
    const { run } = await project('proxied', base + registries);
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const { stdout, stderr } = await run(['lock'], { https_proxy: url, NO_PROXY: '' });
    expect(stdout, stderr).toMatch(/^locked {4}/);
    expect(new Set(asked)).toEqual(new Set([guarded.host]));
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
});

// A stand-in, because a real registry does not stall on demand.
test('SIGINT ends a stalled download, and the next build resumes it', async () => {
  await using server = await testRegistry();
  const layer = Buffer.alloc(200_000, 'layer ');
  const image = testImage(
    [[{ name: 'etc/os-release', content: 'ID=plan9\n' }], [{ name: 'x', content: layer }]],
    {
      compress: (bytes) => bytes,
    },
  );
  server.add('v1', image);
  const { digest = '', size = 0 } = image.layers[1] ?? {};
  let reached: (() => void) | undefined;
  const stalled = new Promise<void>((resolve) => {
    reached = resolve;
  });
  server.interfere = ({ path }, response) => {
    if (!path.endsWith(digest)) return false;
    response.writeHead(200, { 'content-length': size });
    response.write(image.blobs.get(digest)?.subarray(0, 50_000), () => setTimeout(() => reached?.(), 500));
    return true;
  };
  const { directory, run } = await project('stalled', `flavor: debian\nbase: ${server.address}/os:v1\n`);
  const child = execa(join(PROJECT, 'bin/kairos-factory'), ['build'], {
    cwd: directory,
    env: { KAIROS_FACTORY_CACHE: join(home, 'cache'), CI: 'true' },
    reject: false,
  });
  await stalled;
  child.kill('SIGINT');
  const { exitCode, stderr } = await child;
  expect([exitCode, stderr]).toEqual([130, expect.stringContaining('interrupted by SIGINT')]);
  expect(await readdir(join(home, 'cache/work'))).toEqual([]);
  server.interfere = undefined;
  expect((await run(['build'])).stderr).toContain('is not for the base "plan9"');
  expect(server.seen.at(-1)?.headers.range).toBe('bytes=50000-');
});

test('artifacts of a ready image in a registry have the bytes of its build', async () => {
  const build: TestBuild = await testBuild();
  const layout = build.artifact('oci');
  const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8'));
  const blobOf = (digest: string) => readFile(join(layout, 'blobs', digest.replace(':', '/')));
  const manifest = JSON.parse((await blobOf(index.manifests[0].digest)).toString());
  for (const { digest } of [manifest.config, ...manifest.layers]) {
    await plain.pushBlob('team/os', await blobOf(digest));
  }
  const digest = await plain.pushManifest('team/os', manifest, 'v1');
  const image = `${plain.host}/team/os:v1`;
  const { directory, run, lock } = await project('ready', 'flavor: debian\n');
  const args = ['artifacts', '--image', image, '--artifact', 'squashfs', '--compression', 'fast', '--json'];
  const { status, stdout, stderr } = await run(args, { KAIROS_FACTORY_CACHE: join(TEST_HOME, 'cache') });
  expect(status, stderr).toBe(0);
  const { manifest: made } = JSON.parse(stdout) as BuildReport;
  expect(made.images).toEqual([{ reference: image, digest, platform: 'linux/amd64', manifest: digest }]);
  expect(await lock()).toContain(`  ${image}:\n    digest: ${digest}\n`);
  const sum = (report: BuildReport['manifest']) =>
    report.artifacts.find(({ kind }) => kind === 'squashfs')?.sha256;
  expect(sum(made)).toBe(sum(build.report.manifest));
  await rm(join(directory, 'build'), { recursive: true });
  const checked = await run(['check', image], { KAIROS_FACTORY_CACHE: join(TEST_HOME, 'cache') });
  expect(checked.status, checked.stdout).toBe(0);
});
