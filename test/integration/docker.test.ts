import { createReadStream } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BuildReport } from '../../src/factory/pipeline/build-report.ts';
import { startDockerd, type TestDaemon } from '../support/dockerd.ts';
import { factory, OVERLAY, PROJECT, TEST_HOME, testBuild } from '../support/factory.ts';
import { copyPrograms } from '../support/odd-root.ts';
import { tool } from '../support/tool.ts';

const isRoot = process.getuid?.() === 0;

/** Only root can start a daemon for the tests. */
describe.skipIf(!isRoot)('a real Docker daemon (needs root to start one)', () => {
  let home: string;
  let daemon: TestDaemon;
  let cache: string;
  /** Small bases: Debian by name, with no shell or with only a shell; another system; and one whose builds take a minute. */
  let bases: Readonly<Record<'bare' | 'broken' | 'other' | 'slow', string>>;

  beforeAll(async () => {
    home = await mkdtemp(join(TEST_HOME, 'docker-'));
    cache = join(home, 'cache');
    daemon = await startDockerd();
    const debian = 'ID=debian\nVERSION_ID=12\n';
    const [slow, broken] = [await tree('slow', debian), await tree('broken', debian)];
    await copyPrograms(broken, ['/bin/sh']);
    await copyPrograms(slow, ['/bin/sh', '/bin/sleep']);
    // The first program that the build script runs.
    await writeFile(join(slow, 'bin/dirname'), '#!/bin/sh\necho waiting >&2\nexec /bin/sleep 60\n', {
      mode: 0o755,
    });
    bases = {
      bare: await packed('bare', await tree('bare', debian)),
      broken: await packed('broken', broken),
      other: await packed('other', await tree('other', 'ID=plan9\n')),
      slow: await packed('slow', slow),
    };
  });
  afterAll(async () => {
    await daemon?.[Symbol.asyncDispose]();
    if (home) await tool('rm', '-rf', home);
  });

  async function tree(name: string, osRelease: string): Promise<string> {
    const root = join(home, name);
    await mkdir(join(root, 'etc'), { recursive: true });
    await mkdir(join(root, 'bin'));
    await writeFile(join(root, 'etc/os-release'), osRelease);
    return root;
  }

  async function packed(name: string, root: string): Promise<string> {
    const file = join(home, `${name}.tar`);
    await tool('tar', '-C', root, '-cf', file, '.');
    return file;
  }

  const environment = (more: Record<string, string> = {}) => ({
    KAIROS_FACTORY_CACHE: cache,
    DOCKER_HOST: daemon.address,
    DOCKER_CONFIG: home,
    ...more,
  });
  const run = (args: readonly string[], env: Record<string, string> = {}) =>
    factory(args, { env: environment(env), cwd: home });
  const build = (base: string, ...args: string[]) =>
    run(['build', '--flavor', 'debian', '--base', base, '--output', join(home, 'out'), ...args]);
  const tags = async () => {
    const images = (await daemon.call('GET', '/images/json')) as { RepoTags: string[] | null }[];
    return images.flatMap(({ RepoTags }) => RepoTags ?? []).filter((tag) => !tag.startsWith('<none>'));
  };
  const containers = async () => (await daemon.call('GET', '/containers/json?all=1')) as unknown[];
  const expectNothingLeft = async () => {
    expect(await readdir(join(home, 'out')).catch(() => [])).toEqual([]);
    expect(await readdir(join(cache, 'work'))).toEqual([]);
    // After a cancelled build, the daemon removes its unfinished image asynchronously.
    await expect.poll(containers, { timeout: 20_000 }).toEqual([]);
    expect((await tags()).filter((tag) => /kairos-factory\/(?!base:)/.test(tag))).toEqual([]);
  };

  test('gives the same bytes as buildah, and leaves bases and layers untagged', async () => {
    const mine = await testBuild();
    const output = join(home, 'same');
    const spec = [
      '--flavor',
      'debian',
      '--base',
      'bootstrap:bookworm',
      '--kernel',
      'cloud',
      '--version',
      'v1.2.3',
    ];
    const how = ['--compression', 'fast', '--overlay-rootfs', OVERLAY, '--output', output, '--json'];
    // No engine is given: a daemon that answers is the default.
    const { status, stdout, stderr } = await run(['build', ...spec, ...how, '--artifact', 'squashfs,oci']);
    expect(status, stderr).toBe(0);
    const report = JSON.parse(stdout) as BuildReport;
    expect(report.steps.find(({ id }) => id === 'image')?.cached).toBe(false);
    const sums = ({ manifest }: BuildReport) =>
      Object.fromEntries(
        manifest.artifacts
          .filter(({ kind }) => kind === 'squashfs' || kind === 'oci')
          .map(({ kind, sha256 }) => [kind, sha256]),
      );
    expect(sums(report)).toEqual(sums(mine.report));
    expect(stderr).toMatch(/RUN \["\/bin\/sh", "\/kairos-build\/finish\/finish\.sh"\]/);
    expect(await tags()).toEqual([expect.stringMatching(/^localhost\/kairos-factory\/base:[0-9a-f]{16}$/)]);
    expect(await containers()).toEqual([]);

    // The built image, loaded into the daemon like a user's own image.
    const all = (await daemon.call('GET', '/images/json')) as { Id: string; Size: number }[];
    const largest = all.sort((a, b) => b.Size - a.Size)[0];
    await daemon.call('POST', `/images/${largest?.Id}/tag?repo=my/os&tag=1`);
    const checked = await run(['check', 'docker-daemon:my/os:1', '--json']);
    expect(checked.status, checked.stderr).toBe(0);
    expect(await tags()).toHaveLength(2);
    expect(await tags()).toContain('my/os:1');
  });

  test.each(['docker', 'buildah'])('%s imports a base from the daemon by name', async (engine) => {
    await daemon.call('POST', '/images/create?fromSrc=-&repo=other&tag=1', createReadStream(bases.other));
    const taken = await build('docker-daemon:other:1', '--engine', engine);
    expect([taken.status, taken.stderr]).toEqual([2, expect.stringMatching(/is not for the base "plan9"/)]);
    const missing = await build('docker-daemon:nothing', '--engine', engine);
    expect(missing.stderr).toMatch(/the Docker daemon at unix:\S+ has no image nothing/);
    expect(missing.status).toBe(2);
    await expectNothingLeft();
  });

  test('TLS: the right certificates are accepted, a server of another CA is refused', async () => {
    const secure = {
      DOCKER_HOST: daemon.secure,
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: daemon.certificates,
    };
    const args = ['build', '--flavor', 'debian', '--base', bases.other, '--output', join(home, 'out')];
    const right = await run(args, secure);
    expect([right.status, right.stderr]).toEqual([2, expect.stringMatching(/is not for the base "plan9"/)]);
    const wrong = join(home, 'wrong');
    await cp(daemon.certificates, wrong, { recursive: true });
    await cp(join(wrong, 'cert.pem'), join(wrong, 'ca.pem'));
    const refused = await run(args, { ...secure, DOCKER_CERT_PATH: wrong });
    expect(refused.stderr).toMatch(
      /the certificate of the Docker daemon is not trusted: tcp:\S+ \(set by DOCKER_HOST\)/,
    );
    expect(refused.status).toBe(5);
  });

  test('a failed step reports its last lines of output, and leaves nothing behind', async () => {
    const { status, stderr } = await build(bases.broken);
    expect(stderr).toMatch(/install-apt\.sh: \d+: dirname: not found/);
    expect(stderr).toMatch(/Step \d+\/\d+ : RUN \["\/bin\/sh", "\/kairos-build\/install\/install-apt\.sh"\]/);
    expect(status).toBe(4);
    await expectNothingLeft();
  });

  test('a base without a shell is refused before anything is built', async () => {
    const { status, stderr } = await build(bases.bare);
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/bare\.tar has no \/bin\/sh, which runs the scripts of the build/),
    ]);
    expect(stderr).not.toContain('FROM localhost');
    await expectNothingLeft();
  });

  /** Starts a build that takes a minute, and runs a function while it is in progress. */
  const inTheMidst = async (act: (child: { kill(signal: NodeJS.Signals): unknown }) => unknown) => {
    const args = ['build', '--flavor', 'debian', '--base', bases.slow, '--output', join(home, 'out')];
    const child = execa(join(PROJECT, 'bin/kairos-factory'), args, {
      env: { ...environment(), CI: 'true' },
      reject: false,
    });
    let seen = false;
    for await (const line of child.iterable({ from: 'stderr' })) {
      if (seen || !line.includes('RUN ["/bin/sh"')) continue;
      seen = true;
      // The container is created after the step is reported.
      while ((await containers()).length === 0) await setTimeout(50);
      await act(child);
    }
    expect(seen).toBe(true);
    return child;
  };

  test('SIGINT stops the build in the daemon too', async () => {
    const { exitCode, stderr } = await inTheMidst((child) => child.kill('SIGINT'));
    expect(stderr).toMatch(/interrupted by SIGINT/);
    expect(exitCode).toBe(130);
    await expectNothingLeft();
  });

  // Must be the last test, because it stops the daemon.
  test('a daemon that dies during a build, and one that does not run, are reported', async () => {
    const { exitCode, stderr } = await inTheMidst(() => daemon.kill());
    expect(stderr).toMatch(/building the image: the connection to the Docker daemon at unix:\S+ was lost/);
    expect(exitCode).toBe(4);
    expect(await readdir(join(home, 'out')).catch(() => [])).toEqual([]);
    expect(await readdir(join(cache, 'work'))).toEqual([]);

    const gone = await build(bases.slow);
    expect(gone.stderr).toMatch(/the Docker daemon does not answer: unix:\S+ \(set by DOCKER_HOST\)/);
    expect(gone.status).toBe(3);
    await rm(join(home, 'out'), { recursive: true, force: true });
  });
});
