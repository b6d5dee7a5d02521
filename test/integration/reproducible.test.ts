import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveFiles } from '../support/apt-archive.ts';
import { startDockerd } from '../support/dockerd.ts';
import { factory, PROJECT, TEST_HOME } from '../support/factory.ts';
import { tool } from '../support/tool.ts';

const USER = 'kairos-factory-test';
const PARTS = ['bin', 'dist', 'flavors', 'models', 'templates', '.tools/node_modules', 'package.json'];
const ALL = process.env['KAIROS_FACTORY_TEST_ALL'] === '1';
/** How far the clock of a faked build is ahead: past midnight, but not so far that an archive's lists expire. */
const AHEAD = '+26h';
/** libfaketime in the image reads this through a link: `/dev` is the host's in buildah's chroot, and in no image. */
const CLOCK = '/dev/shm/kairos-factory-test-clock';
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime';

const isRoot = process.getuid?.() === 0;
const hasFaketime = existsSync(join(FAKETIME, 'libfaketimeMT.so.1'));

/**
 * A directory that lists its files in another order: ext4 sorts them by hashes that depend on its seed.
 * @param owner user id of its owner
 */
async function otherOrder(
  directory: string,
  owner: string,
): Promise<AsyncDisposable & { readonly path: string }> {
  const [image, path] = [`${directory}.img`, directory];
  await tool('truncate', '-s', '24G', image);
  const seed = 'hash_seed=11111111-2222-3333-4444-555555555555';
  await tool('mke2fs', '-q', '-t', 'ext4', '-F', '-E', `${seed},root_owner=${owner}:${owner}`, image);
  await mkdir(path);
  await tool('mount', '-o', 'loop', image, path);
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      await tool('umount', path);
      await rm(image);
    },
  };
}

/** Removes the files of libfaketime for programs that were killed. */
async function sweepFaketime(): Promise<void> {
  for (const name of await readdir('/dev/shm')) {
    const pid = /^(?:faketime_shm|sem\.faketime_sem)_(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await rm(join('/dev/shm', name), { force: true });
  }
}

/** The names of a fixed set of files, in the order in which the directory lists them. */
async function readOrder(directory: string): Promise<string> {
  const probe = join(directory, 'probe');
  await mkdir(probe);
  for (let index = 0; index < 50; index += 1) await writeFile(join(probe, `file-${index}`), '');
  const order = await tool('ls', '-U', probe);
  await rm(probe, { recursive: true });
  return order;
}

/** Only root can create an ordinary user and mount a filesystem. */
describe.skipIf(!isRoot || !hasFaketime)(
  'two builds (needs root to make a user and to mount a filesystem, and libfaketime)',
  () => {
    let home: string;
    let base: string;
    let place: Awaited<ReturnType<typeof otherOrder>>;

    beforeAll(async () => {
      await tool('id', USER).catch(() => tool('useradd', '--create-home', USER));
      home = await mkdtemp(join(tmpdir(), 'kairos-factory-user-'));
      await chmod(home, 0o755);
      // The checkout may be in a directory that the user cannot enter.
      for (const part of PARTS) {
        await cp(join(PROJECT, part), join(home, 'project', part), {
          recursive: true,
          verbatimSymlinks: true,
        }).catch((error: NodeJS.ErrnoException) => {
          if (part !== '.tools/node_modules' || error.code !== 'ENOENT') throw error;
        });
      }
      place = await otherOrder(join(home, 'work'), (await tool('id', '-u', USER)).trim());
      base = join(home, 'base.tar');
      // Every program in the image gets its time from libfaketime, which reads a file of the host, if it exists.
      const hook = (line: string) => `--customize-hook=${line}`;
      await tool(
        'mmdebstrap',
        ...['--quiet', '--variant=minbase', '--include=ca-certificates,libfaketime'],
        hook(`echo ${FAKETIME}/libfaketime.so.1 >"$1/etc/ld.so.preload"`),
        hook(`ln -s ${CLOCK} "$1/etc/faketimerc"`),
        ...['bookworm', base],
      );
      const context = join(home, 'context');
      await mkdir(context);
      await writeFile(join(context, 'Containerfile'), 'ENV NO_FAKE_STAT=1\n');
      args = ['--base', base, '--containerfile', join(context, 'Containerfile')];
    });
    afterAll(async () => {
      await rm(CLOCK, { force: true });
      await sweepFaketime();
      await place?.[Symbol.asyncDispose]();
      if (home) await tool('rm', '-rf', home);
    });

    const ARGS = ['--flavor', 'debian', '--kernel', 'cloud', '--compression', 'fast'];
    /** The base, and a setting that keeps libfaketime from shifting file times, which do not change from day to day. */
    let args: string[];
    let built: Promise<string> | undefined;
    /** The output of root's build. */
    const mine = () => {
      built ??= byRoot('root', args);
      return built;
    };

    /** Builds as root, in the checkout, with the real clock. */
    async function byRoot(
      name: string,
      args: readonly string[],
      env: Record<string, string> = {},
    ): Promise<string> {
      const output = join(home, name);
      const { status, stderr } = await factory(
        ['build', ...ARGS, ...args, '--output', output, '--lock-file', join(home, `${name}.lock`)],
        { env: { KAIROS_FACTORY_CACHE: join(home, `${name}-cache`), ...env } },
      );
      expect(status, stderr).toBe(0);
      return output;
    }

    /** Builds as an ordinary user, with everything else changed that must not matter. */
    async function byOther(
      name: string,
      args: readonly string[],
      env: readonly string[] = [],
    ): Promise<string> {
      await writeFile(CLOCK, `${AHEAD}\n`);
      await chmod(CLOCK, 0o644);
      const output = join(place.path, name);
      const settings = [
        ...[`KAIROS_FACTORY_CACHE=${join(place.path, 'Cache')}`, 'CI=true'],
        ...['TZ=Pacific/Kiritimati', 'LC_ALL=C.UTF-8', 'LANG=C.UTF-8', ...env],
        // For the host tools and the program itself.
        ...[
          `LD_PRELOAD=${FAKETIME}/libfaketimeMT.so.1`,
          `FAKETIME=${AHEAD}`,
          'FAKETIME_DONT_FAKE_MONOTONIC=1',
          'NO_FAKE_STAT=1',
        ],
      ];
      const shell = ['sh', '-c', 'umask 077 && cd "$1" && shift && exec "$@"', 'sh', place.path];
      try {
        const program = [join(home, 'project/bin/kairos-factory'), 'build', ...ARGS, ...args];
        const places = ['--output', output, '--lock-file', join(place.path, `${name}.lock`)];
        const as = ['-u', USER, '--', 'env', ...settings, 'taskset', '--cpu-list', '0', ...shell];
        await tool('runuser', ...as, ...program, ...places);
      } finally {
        await rm(CLOCK, { force: true });
      }
      return output;
    }

    async function expectSame(mine: string, theirs: string): Promise<void> {
      const sums = async (output: string) => readFile(join(output, 'SHA256SUMS'), 'utf8');
      if ((await sums(mine)) === (await sums(theirs))) {
        expect(await readFile(join(theirs, 'manifest.json'), 'utf8')).toBe(
          await readFile(join(mine, 'manifest.json'), 'utf8'),
        );
        return;
      }
      const { stdout } = await factory(['diff', mine, theirs]);
      expect.fail(stdout);
    }

    test('really vary in the order of files and the clock in the image', async () => {
      expect(await readOrder(place.path)).not.toBe(await readOrder(home));
      await writeFile(CLOCK, `${AHEAD}\n`);
      try {
        const root = join(home, 'look');
        await mkdir(root);
        await tool('tar', '-C', root, '-xf', base);
        const inside = 'mount --rbind /dev "$1/dev" && exec chroot "$1" date +%s';
        const ahead = Number(await tool('unshare', '-m', 'sh', '-c', inside, 'sh', root)) - Date.now() / 1000;
        expect(Math.round(ahead / 60)).toBe(26 * 60);
        await tool('rm', '-rf', root);
      } finally {
        await rm(CLOCK, { force: true });
      }
    });

    test('give the same bytes for any user, clock, locale, umask, path, processors and file order', async () => {
      await expectSame(await mine(), await byOther('out', args));
    });

    test('give the same bytes from a shared lock, and a package that differs from the lock is reported', async () => {
      const root = await mine();
      const lock = join(home, 'root.lock');
      const build = async (output: string, lockFile: string) =>
        factory(
          [
            ...['build', ...ARGS, ...args, '--artifact', 'squashfs', '--locked'],
            ...['--output', output, '--lock-file', lockFile],
          ],
          { env: { KAIROS_FACTORY_CACHE: join(home, 'root-cache') } },
        );
      const locked = join(home, 'locked');
      const { status, stderr } = await build(locked, lock);
      expect(status, stderr).toBe(0);
      const sum = async (output: string) =>
        (await readFile(join(output, 'SHA256SUMS'), 'utf8')).match(/.*\.squashfs$/m)?.[0];
      expect(await sum(locked)).toBe(await sum(root));

      const other = join(home, 'other.lock');
      const versions = await readFile(lock, 'utf8');
      await writeFile(other, versions.replace(/^( *bash:amd64:).*/m, '$1 "1.0-1"'));
      const refused = await build(join(home, 'refused'), other);
      expect(refused.status).toBe(5);
      expect(refused.stderr).toMatch(
        /1 package differs from the lock\n {2}changed {2}bash:amd64 1\.0-1 -> 5\./,
      );
      expect(await readdir(join(home, 'refused')).catch(() => [])).toEqual([]);
      expect(await readFile(other, 'utf8')).toContain('bash:amd64: "1.0-1"');
    });

    // Each takes minutes, and other tests cover the parts.
    describe.skipIf(!ALL)('with all (KAIROS_FACTORY_TEST_ALL=1)', () => {
      test('give the same bytes when each bootstraps its own base', async () => {
        const args = ['--base', 'bootstrap:bookworm', '--artifact', 'oci,squashfs'];
        await expectSame(await byRoot('own', args), await byOther('own', args));
      });

      test('give the same bytes from a snapshot, and from a shared lock', async () => {
        const past = '20260101T000000Z';
        await using server = await serveFiles(home, {
          [`/past/debian/${past}/`]: 'http://deb.debian.org/debian/',
          [`/past/debian-security/${past}/`]: 'http://deb.debian.org/debian-security/',
        });
        const args = ['--base', 'bootstrap:bookworm', '--artifact', 'oci,squashfs'];
        const snapshot = ['--snapshot', past, '--set', `mirror=${server.address}/past`];
        const mine = await byRoot('past', [...args, ...snapshot]);
        expect(server.asked.some((path) => path.startsWith(`/past/debian-security/${past}/dists`))).toBe(
          true,
        );
        // The server has the current archive: the same packages give the same bytes, including sources.list.
        await expectSame(await byRoot('present', args), mine);
        // Once more, from the lock that the first build wrote.
        const again = join(home, 'locked');
        const { status, stderr } = await factory(
          [
            'build',
            ...ARGS,
            ...args,
            ...snapshot,
            '--output',
            again,
            '--lock-file',
            join(home, 'past.lock'),
            '--locked',
          ],
          { env: { KAIROS_FACTORY_CACHE: join(home, 'locked-cache') } },
        );
        expect(status, stderr).toBe(0);
        await expectSame(mine, again);
      });

      test('give the same bytes with the other engine', async () => {
        await using daemon = await startDockerd();
        const env = { DOCKER_HOST: daemon.address, DOCKER_CONFIG: home };
        const mine = await byRoot('buildah', ['--base', base, '--engine', 'buildah']);
        await expectSame(mine, await byRoot('docker', ['--base', base, '--engine', 'docker'], env));
      });
    });
  },
);

test('an unchanged build does nothing, and a changed cloud-config rebuilds only the artifacts that contain it', async () => {
  const home = await mkdtemp(join(TEST_HOME, 'cached-'));
  try {
    const config = join(home, 'config.yaml');
    const write = (name: string) =>
      tool('sh', '-c', 'printf "#cloud-config\\nhostname: %s\\n" "$1" >"$2"', 'sh', name, config);
    const args = [
      'build',
      '--flavor',
      'debian',
      '--kernel',
      'cloud',
      '--compression',
      'fast',
      '--artifact',
      'squashfs,iso',
    ];
    const run = async () => {
      const { status, stdout, stderr } = await factory([
        ...args,
        '--cloud-config',
        config,
        '--output',
        join(home, 'out'),
        '--json',
      ]);
      expect(status, stderr).toBe(0);
      const report = JSON.parse(stdout) as {
        steps: { id: string; cached: boolean }[];
        manifest: { artifacts: { kind: string; sha256: string }[] };
      };
      const ran = report.steps.filter(({ cached }) => !cached).map(({ id }) => id);
      return { ran: ran.sort(), iso: report.manifest.artifacts.find(({ kind }) => kind === 'iso')?.sha256 };
    };
    await write('a');
    const first = await run();
    expect((await run()).ran).toEqual([]);
    await write('b');
    const second = await run();
    expect(second.ran).toEqual(['artifact:iso', 'audit', 'checksum:iso', 'provenance']);
    expect(second.iso).not.toBe(first.iso);
    // The file of "a" is missing: it must be built again, although it was built once.
    await write('a');
    const third = await run();
    expect(third).toEqual({ ran: ['artifact:iso', 'checksum:iso', 'provenance'], iso: first.iso });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
