import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BuildReport } from '../../src/factory/pipeline/build-report.ts';
import { BUILDKIT_PROGRAMS, HAS_BUILDKIT, startBuildkitd, type TestBuildkit } from '../support/buildkitd.ts';
import { makeClientCertificates } from '../support/certificates.ts';
import { factory, MEASURED, OVERLAY, PROJECT, TEST_HOME, testBuild } from '../support/factory.ts';
import { copyPrograms } from '../support/odd-root.ts';
import { startRegistry } from '../support/registry.ts';
import { tool } from '../support/tool.ts';

/** Where it is registered, every daemon here can build for arm64. */
const EMULATOR = '/proc/sys/fs/binfmt_misc/qemu-aarch64';
const PATH = `${BUILDKIT_PROGRAMS}:${process.env['PATH']}`;

/** Programs that `scripts/setup --buildkit` builds, and root, which starts a daemon. */
describe.skipIf(!HAS_BUILDKIT)('a real BuildKit daemon (needs its programs, and root)', () => {
  let home: string;
  let cache: string;
  let daemon: TestBuildkit;
  /** Small bases: Debian by name, with few programs or with one that takes a minute; and another system. */
  let bases: Readonly<Record<'small' | 'other' | 'slow' | 'large', string>>;

  beforeAll(async () => {
    home = await mkdtemp(join(TEST_HOME, 'buildkit-'));
    cache = join(home, 'cache');
    daemon = await startBuildkitd();
    const debian = 'ID=debian\nVERSION_ID=12\n';
    const [small, slow, large] = [
      await tree('small', debian),
      await tree('slow', debian),
      await tree('large', debian),
    ];
    await copyPrograms(small, ['/bin/sh', '/bin/cat']);
    await copyPrograms(slow, ['/bin/sh', '/bin/sleep']);
    await copyPrograms(large, ['/bin/sh']);
    // The first program that the build script runs.
    await writeFile(join(slow, 'bin/dirname'), '#!/bin/sh\necho waiting >&2\nexec /bin/sleep 60\n', {
      mode: 0o755,
    });
    await tool('dd', 'if=/dev/urandom', `of=${join(large, 'large')}`, 'bs=1M', 'count=48');
    bases = {
      small: await packed('small', small),
      slow: await packed('slow', slow),
      large: await packed('large', large),
      other: await packed('other', await tree('other', 'ID=plan9\n')),
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

  const run = (args: readonly string[], env: Record<string, string> = {}) =>
    factory(args, { env: { PATH, KAIROS_FACTORY_CACHE: cache, DOCKER_CONFIG: home, ...env }, cwd: home });
  const ordinary = (base: string) => [
    'build',
    '--flavor',
    'debian',
    '--engine',
    'buildkit',
    '--base',
    base,
    '--output',
    join(home, 'out'),
  ];
  const build = (base: string, ...args: string[]) =>
    run([...ordinary(base), ...(args.includes('--builder') ? [] : ['--builder', daemon.address]), ...args]);
  /** A build that gets past the connection to its daemons, and ends there. */
  const expectAccepted = ({ status, stderr }: { status: number; stderr: string }) =>
    expect([status, stderr]).toEqual([2, expect.stringMatching(/is not for the base "plan9"/)]);
  const expectNothingLeft = async (place = cache) => {
    expect(await readdir(join(home, 'out')).catch(() => [])).toEqual([]);
    expect(await readdir(join(place, 'work'))).toEqual([]);
    await expect.poll(daemon.programs, { timeout: 20_000 }).toEqual([]);
  };
  const lastLog = async (place = cache) => {
    const names = await readdir(join(place, 'logs'));
    return readFile(join(place, 'logs', names.sort().at(-1) ?? ''), 'utf8');
  };

  test('gives the same bytes as buildah, and leaves nothing but its cache in the daemon', async () => {
    const mine = await testBuild();
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
    const how = [
      '--compression',
      'fast',
      '--overlay-rootfs',
      OVERLAY,
      '--output',
      join(home, 'same'),
      '--json',
    ];
    const where = ['--engine', 'buildkit'];
    const { status, stdout, stderr } = await run(
      ['build', ...spec, ...how, ...where, '--artifact', 'squashfs,oci'],
      { BUILDKIT_HOST: daemon.address },
    );
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
    expect(await readdir(join(cache, 'work'))).toEqual([]);
    const store = join(cache, 'store');
    expect(await readdir(join(store, 'layouts'))).toEqual([
      expect.stringMatching(/kairos-factory%2Fbase%3A[0-9a-f]{16}$/),
    ]);
    expect(await readdir(join(store, 'trees'))).toHaveLength(1);

    const again = await run(['build', ...spec, ...how, ...where, '--artifact', 'squashfs,oci'], {
      BUILDKIT_HOST: daemon.address,
    });
    expect((JSON.parse(again.stdout) as BuildReport).steps.every(({ cached }) => cached)).toBe(true);
    // What no result describes any more goes, and then all of it.
    expect((await run(['cache', 'prune', '--all'])).status).toBe(0);
    expect(await readdir(join(store, 'layouts'))).toEqual([]);
    expect(await readdir(join(store, 'trees'))).toEqual([]);
  });

  describe('TLS', () => {
    const secure = (certificates: string, ...args: string[]) =>
      build(bases.other, '--builder', daemon.secure, '--builder-tls', certificates, ...args);
    let others: string;

    beforeAll(async () => {
      others = join(home, 'others');
      await makeClientCertificates(others);
    });

    test('the right certificates are accepted', async () => {
      expectAccepted(await secure(daemon.certificates));
      expectAccepted(await secure(daemon.certificates, '--set', 'buildkit.server-name=127.0.0.1'));
    });

    test.each([
      ['another CA', 'others', []],
      ['another server name', 'right', ['--set', 'buildkit.server-name=elsewhere.example']],
    ] as const)('a daemon of %s is refused', async (_, which, args) => {
      const refused = await secure(which === 'right' ? daemon.certificates : others, ...args);
      expect(refused.stderr).toMatch(/the certificate of the BuildKit daemon is not trusted: tcp:\S+/);
      expect(refused.status).toBe(5);
    });

    test('a client of another CA is refused', async () => {
      const mixed = join(home, 'mixed');
      await cp(others, mixed, { recursive: true });
      await cp(join(daemon.certificates, 'ca.pem'), join(mixed, 'ca.pem'));
      const refused = await secure(mixed);
      expect(refused.stderr).toMatch(/the BuildKit daemon refuses this client: tcp:\S+/);
      expect(refused.status).toBe(3);
    });

    test('a connection without TLS to a daemon with TLS says so', async () => {
      const { status, stderr } = await build(bases.other, '--builder', daemon.secure);
      expect([status, stderr]).toEqual([
        3,
        expect.stringMatching(/does not answer: tcp:[\s\S]*It may require TLS/),
      ]);
    });

    test('a directory without certificates, and a key that is none, are refused', async () => {
      const broken = join(home, 'broken');
      await cp(daemon.certificates, broken, { recursive: true });
      await writeFile(join(broken, 'key.pem'), 'no key');
      for (const place of [home, broken, join(home, 'nowhere')]) {
        const { status, stderr } = await secure(place);
        expect([status, stderr]).toEqual([
          2,
          expect.stringMatching(/the certificates for tcp:\S+ cannot be used/),
        ]);
      }
    });
  });

  test('a failed step reports its last lines of output, and leaves nothing behind', async () => {
    const { status, stderr } = await build(bases.small);
    expect(stderr).toMatch(/install-apt\.sh: \d+: dirname: not found/);
    expect(stderr).toMatch(
      /buildkit: process ".*install-apt\.sh" did not complete successfully: exit code: 127/,
    );
    expect(status).toBe(4);
    await expectNothingLeft();
  });

  test.each([
    ['nothing', [], /no BuildKit daemon is named/],
    [
      'http://127.0.0.1',
      ['--builder', 'http://127.0.0.1'],
      /--builder: .*"http:\/\/127\.0\.0\.1" is not the address of a BuildKit/,
    ],
    ['a port out of range', ['--builder', 'tcp://127.0.0.1:70000'], /is not the address of a BuildKit/],
    ['an unknown architecture', ['--builder', 'mips=tcp://127.0.0.1:1'], /"mips" is not an architecture/],
    [
      'a cache without a reference',
      ['--cache-to', 'type=registry'],
      /--cache-to: .*"type=registry" has no ref/,
    ],
    ['a cache on a disk', ['--cache-from', 'type=local,src=/'], /is not a cache in a registry/],
  ])('%s is refused before anything is opened', async (_, args, message) => {
    const { status, stderr } = await run([...ordinary(bases.other), ...args]);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
  });

  test('a malformed BUILDKIT_HOST is refused', async () => {
    const { status, stderr } = await run(ordinary(bases.other), { BUILDKIT_HOST: 'buildkit:1234' });
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/BUILDKIT_HOST: "buildkit:1234" is not the address/),
    ]);
  });

  test('a daemon that does not run, and another server, are reported', async () => {
    const gone = await build(bases.other, '--builder', `unix://${join(home, 'nobody.sock')}`);
    expect(gone.stderr).toMatch(
      /the BuildKit daemon does not answer: unix:\S+nobody\.sock\n.*no such file or directory/,
    );
    expect(gone.status).toBe(3);
    await using registry = await startRegistry();
    const other = await build(bases.other, '--builder', `tcp://${registry.host}`);
    expect([other.status, other.stderr]).toEqual([
      3,
      expect.stringMatching(/the BuildKit daemon does not answer: tcp:/),
    ]);
  });

  test('a machine without buildctl gets advice on where to find it', async () => {
    const path = join(home, 'no-buildctl');
    await mkdir(path);
    const { status, stderr } = await run([...ordinary(bases.other), '--builder', daemon.address], {
      PATH: (process.env['PATH'] ?? '')
        .split(':')
        .filter((place) => place !== BUILDKIT_PROGRAMS)
        .join(':'),
    });
    expect([status, stderr]).toEqual([
      3,
      expect.stringMatching(/buildctl is not installed[\s\S]*release of BuildKit/),
    ]);
  });

  describe('several daemons', () => {
    let arm: TestBuildkit;

    beforeAll(async () => {
      // It says that arm64 is its own platform, as a machine of that architecture with an emulator would.
      arm = await startBuildkitd({ platforms: ['linux/arm64'] });
    });
    afterAll(async () => arm?.[Symbol.asyncDispose]());

    test('the one that has the architecture is used', async () => {
      const { status } = await build(bases.small, '--builder', arm.address, '--builder', daemon.address);
      expect(status).toBe(4);
      expect(await lastLog()).toContain(`--addr ${daemon.address} build`);
      expect(await lastLog()).not.toContain(`--addr ${arm.address} build`);
    });

    test('the one that is named for the architecture is used', async () => {
      const named = ['--builder', `amd64=${arm.address}`, '--builder', daemon.address];
      expect((await build(bases.small, ...named)).status).toBe(4);
      expect(await lastLog()).toContain(`--addr ${arm.address} build`);
      expect(await lastLog()).not.toContain(`--addr ${daemon.address} build`);
    });

    test.skipIf(existsSync(EMULATOR))('without one, the message lists what each can build', async () => {
      const { status, stderr } = await build(bases.other, '--arch', 'arm64');
      expect(stderr).toMatch(/no BuildKit daemon can build for arm64\n\s+unix:\S+: linux\/amd64/);
      expect(stderr).toContain('--builder arm64=ADDRESS');
      expect(status).toBe(3);
      const named = ['--builder', `arm64=${daemon.address}`, '--builder', `amd64=${daemon.address}`];
      const wrong = await build(bases.other, '--arch', 'arm64', ...named);
      expect([wrong.status, wrong.stderr]).toEqual([
        3,
        expect.stringMatching(/linux\/386, used for arm64 only\n/),
      ]);
    });
  });

  test('a daemon in a container is reached by docker exec', async () => {
    const programs = join(home, 'programs');
    await mkdir(programs);
    // A stand-in for Docker's command, which would start the same program inside of a privileged container.
    await writeFile(
      join(programs, 'docker'),
      `#!/bin/sh\n[ "$*" = "exec -i builder buildctl dial-stdio" ] || exit 9\nexec buildctl --addr ${daemon.address} dial-stdio\n`,
      { mode: 0o755 },
    );
    const args = [...ordinary(bases.small), '--builder', 'docker-container://builder'];
    const { status, stderr } = await run(args, { PATH: `${programs}:${PATH}` });
    expect([status, stderr]).toEqual([4, expect.stringMatching(/dirname: not found/)]);
  });

  describe('layers', () => {
    const file = (...lines: string[]) => writeFile(join(home, 'Containerfile'), `${lines.join('\n')}\n`);
    /** A build with a Containerfile, which ends after it because the base lacks programs. */
    const changed = async (place: string, ...args: string[]) => {
      const { status, stderr } = await run(
        [...ordinary(bases.small), '--containerfile', join(home, 'Containerfile'), ...args],
        { KAIROS_FACTORY_CACHE: place },
      );
      expect([status, stderr]).toEqual([
        4,
        expect.stringMatching(/dirname: not found|the build needs the network/),
      ]);
      return lastLog(place);
    };

    test('those of a registry are taken by a fresh machine with a fresh daemon', async () => {
      await using registry = await startRegistry();
      await using fresh = await startBuildkitd();
      const cached = `type=registry,ref=${registry.host}/layers:one`;
      await file('RUN read id < /proc/sys/kernel/random/uuid && echo "made $id" > /made && cat /made');
      const step = /\[1\/2\] RUN read id.*?( \(cached\))?$/m;
      const first = await changed(join(home, 'one'), '--builder', daemon.address, '--cache-to', cached);
      expect(step.exec(first)?.[1]).toBeUndefined();
      expect((await registry.get('layers/manifests/one-base')).status).toBe(200);
      const second = await changed(join(home, 'two'), '--builder', fresh.address, '--cache-from', cached);
      expect(second).toMatch(step);
      expect(second).not.toMatch(/^\S+ \[containerfile\] made /m);
      // Without a cache, nothing is taken.
      const third = await changed(
        join(home, 'three'),
        '--builder',
        fresh.address,
        '--cache-from',
        cached,
        '--no-cache',
      );
      expect(third).toMatch(/made [0-9a-f-]{36}$/m);
      expect(third).not.toContain('--import-cache');
    });

    test('a registry that is not there fails an export, and not an import', async () => {
      await file('RUN echo again');
      const nowhere = 'type=registry,ref=127.0.0.1:9/layers:one';
      await changed(join(home, 'four'), '--builder', daemon.address, '--cache-from', nowhere);
      const args = [
        ...ordinary(bases.small),
        '--containerfile',
        join(home, 'Containerfile'),
        '--builder',
        daemon.address,
      ];
      const { status, stderr } = await run([...args, '--cache-to', nowhere, '--no-cache']);
      expect(stderr).toMatch(
        /exporting cache to registry: .*127\.0\.0\.1:9[\s\S]*Check cache-to and cache-from/,
      );
      expect(status).toBe(4);
      await expectNothingLeft();
    });

    test('an offline build has no network, and no registry', async () => {
      await file('RUN while read line; do echo "net: $line"; done < /proc/net/dev');
      const cached = ['--cache-to', 'type=registry,ref=127.0.0.1:9/layers:one'];
      const log = await changed(join(home, 'five'), '--builder', daemon.address, '--offline', ...cached);
      const interfaces = [...log.matchAll(/net: (\w+):/g)].map(([, name]) => name);
      expect(interfaces).toEqual(['lo']);
      expect(log).not.toContain('--export-cache');
    });

    test('a failed instruction is named with its line, and a syntax line fetches nothing', async () => {
      await file('# syntax=registry.invalid/frontend:1', 'RUN echo one', 'RUN exit 7');
      const { status, stderr } = await build(bases.small, '--containerfile', join(home, 'Containerfile'));
      expect(stderr).toMatch(/Containerfile:3: RUN exit 7 failed with status 7/);
      expect(status).toBe(4);
      await expectNothingLeft();
    });
  });

  test('a full disk of the daemon is reported as such', async () => {
    const place = join(home, 'small-disk');
    await mkdir(place);
    await tool('mount', '-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', place);
    try {
      await using full = await startBuildkitd({ root: place });
      const { status, stderr } = await build(bases.large, '--builder', full.address);
      expect(stderr).toMatch(/the BuildKit daemon at unix:\S+ has no space left: .*no space left on device/);
      expect(stderr).toMatch(/prune its cache: buildctl --addr unix:/);
      expect(status).toBe(4);
      await expectNothingLeft();
    } finally {
      await tool('umount', place);
    }
  });

  /** Starts a build that takes a minute, and runs a function while it is in progress. */
  const inTheMidst = async (act: (child: { kill(signal: NodeJS.Signals): unknown }) => unknown) => {
    const child = execa(
      join(PROJECT, 'bin/kairos-factory'),
      [...ordinary(bases.slow), '--builder', daemon.address],
      {
        env: { ...MEASURED, PATH, KAIROS_FACTORY_CACHE: cache, DOCKER_CONFIG: home, CI: 'true' },
        reject: false,
      },
    );
    let seen = false;
    for await (const line of child.iterable({ from: 'stderr' })) {
      if (seen || !line.includes('RUN ["/bin/sh"')) continue;
      seen = true;
      // The program is started after the step is reported.
      while ((await daemon.programs()).length === 0) await setTimeout(50);
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
  test('a daemon that dies during a build is reported', async () => {
    const { exitCode, stderr } = await inTheMidst(() => daemon.kill());
    expect(stderr).toMatch(/building the image: the connection to the BuildKit daemon at unix:\S+ was lost/);
    expect(exitCode).toBe(4);
    expect(await readdir(join(home, 'out')).catch(() => [])).toEqual([]);
    expect(await readdir(join(cache, 'work'))).toEqual([]);
    await rm(join(home, 'out'), { recursive: true, force: true });
  });
});
