import { chmod, copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alpineRoot } from '../support/alpine-root.ts';
import { buildDebian, factory, PROJECT, testBuild } from '../support/factory.ts';
import { packedProgram } from '../support/packed-program.ts';
import { makeSmallSystem } from '../support/small-system.ts';
import { makeTinyRoot } from '../support/tiny-root.ts';
import { tool } from '../support/tool.ts';

const PROGRAM = join(PROJECT, 'dist/kairos-factory-amd64');
const USER = 'kairos-factory-test';
const isRoot = process.getuid?.() === 0;

let home: string;
beforeAll(async () => {
  // A place that an ordinary user can enter, which the checkout may not be.
  home = await mkdtemp(join(tmpdir(), 'kairos-factory-executable-'));
  await chmod(home, 0o755);
  await tool(join(PROJECT, 'scripts/build-executable'), '--package', await packedProgram());
});
afterAll(() => tool('rm', '-rf', home));

describe('the executable', () => {
  test('makes the same ISO of Debian as the checkout, from the same cache', async () => {
    const shared = await testBuild();
    const output = join(home, 'iso');
    const { report } = await buildDebian({ output, program: PROGRAM, extra: ['--artifact', 'iso'] });
    const sums = ({ manifest }: typeof report) =>
      manifest.artifacts.map(({ kind, sha256 }) => [kind, sha256]);
    expect(sums(report)).toEqual(sums(shared.report).filter(([kind]) => kind === 'iso'));
  });

  test('unpacks itself once, however many start at the same time', async () => {
    const cache = join(home, 'many');
    const env = { KAIROS_FACTORY_CACHE: cache };
    const starts = await Promise.all([1, 2, 3].map(() => factory(['--version'], { program: PROGRAM, env })));
    expect(starts).toEqual(
      Array(3).fill({ status: 0, stdout: expect.stringMatching(/^kairos-factory v/), stderr: '' }),
    );
    expect(await readdir(join(cache, 'program'))).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/)]);
  });

  test('says what it was started as', async () => {
    const { stderr } = await factory(['validate', 'nothing.yaml'], { program: PROGRAM, cwd: home });
    expect(stderr).toContain('nothing.yaml');
    const { stdout } = await factory(['completion', 'bash'], { program: PROGRAM });
    expect(stdout).toContain('kairos-factory');
  });

  test('names the remedy where it cannot unpack itself', async () => {
    const refused = await factory(['--version'], {
      program: PROGRAM,
      env: { KAIROS_FACTORY_CACHE: '/proc/nothing' },
    });
    expect(refused).toEqual({
      status: 3,
      stdout: '',
      stderr:
        'error: kairos-factory cannot write to /proc/nothing\n  to do: set KAIROS_FACTORY_CACHE to a directory that you may write to',
    });
    const cut = join(home, 'cut');
    await tool('sh', '-c', 'head -c 20000000 "$1" >"$2" && chmod 755 "$2"', 'sh', PROGRAM, cut);
    const cache = join(home, 'cut-cache');
    const { status, stderr } = await factory(['--version'], {
      program: cut,
      env: { KAIROS_FACTORY_CACHE: cache },
    });
    expect(status).toBe(4);
    expect(stderr).toMatch(
      /^error: kairos-factory cannot unpack itself to .*\n {2}to do: check that the file is complete/m,
    );
    expect(await readdir(join(cache, 'program'))).toEqual([]);
  });
});

/** Roots that have no Node.js, and of which two have no C library that could start one. */
const ROOTS: Readonly<Record<string, () => Promise<string>>> = {
  'a bare Debian': async () => {
    const root = join(home, 'debian');
    await tool('mmdebstrap', '--quiet', '--variant=essential', 'bookworm', root);
    return root;
  },
  'Alpine Linux 3.23': async () => {
    const root = join(home, 'alpine');
    await tool('cp', '-a', await alpineRoot(), root);
    return root;
  },
  'static BusyBox and no C library': async () => {
    await makeTinyRoot(home);
    return join(home, 'root');
  },
};
const INSIDE = 'mount -t proc proc "$1/proc" && root=$1 && shift && exec chroot "$root" "$@"';

describe.skipIf(!isRoot).each(Object.entries(ROOTS))(
  'the executable in %s (needs root to change it)',
  (_, make) => {
    let root: string;
    beforeAll(async () => {
      root = await make();
      await copyFile(PROGRAM, join(root, 'usr/bin/kairos-factory'));
    });
    afterAll(() => tool('rm', '-rf', root));
    const run = (...args: readonly string[]) =>
      execa('unshare', ['--mount', 'sh', '-c', INSIDE, 'sh', root, '/usr/bin/kairos-factory', ...args], {
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' },
        extendEnv: false,
        reject: false,
      });

    test('starts, with the data that comes along', async () => {
      expect(await run('--version')).toMatchObject({ exitCode: 0, stderr: '' });
      const { stdout } = await run('flavors', 'show', 'debian');
      expect(stdout).toContain('linux-image');
    });

    test('says what the machine lacks', async () => {
      const { exitCode, stdout, stderr } = await run('doctor', '--flavor', 'debian');
      expect(exitCode, stderr).toBe(3);
      expect(stdout).toContain('buildah');
    });
  },
);

test.skipIf(process.env['KAIROS_FACTORY_TEST_ALL'] !== '1')(
  'the executable for arm64 starts, with the data that comes along (KAIROS_FACTORY_TEST_ALL=1)',
  async () => {
    await tool(join(PROJECT, 'scripts/build-agent'), 'arm64');
    await tool(join(PROJECT, 'scripts/build-executable'), '--arch', 'arm64');
    // Its Node.js runs in QEMU, which scripts/setup registers.
    const started = {
      program: join(PROJECT, 'dist/kairos-factory-arm64'),
      env: { KAIROS_FACTORY_CACHE: home },
    };
    expect((await factory(['--version'], started)).stdout).toMatch(/^kairos-factory v/);
    expect((await factory(['flavors', 'show', 'debian'], started)).stdout).toContain('linux-image');
  },
);

describe.skipIf(!isRoot)('the executable of an ordinary user (needs root to make one)', () => {
  test('starts itself again in a user namespace, and for another build', async () => {
    await tool('id', USER).catch(() => tool('useradd', '--create-home', USER));
    const work = join(home, 'work');
    await tool('install', '-d', '-o', USER, work);
    const small = await mkdtemp(join(home, 'small-'));
    await chmod(small, 0o755);
    const base = await makeSmallSystem(small);
    const file = await base('sure', 'echo 070701 >/boot/initrd');
    await copyFile(PROGRAM, join(home, 'kairos-factory'));
    await chmod(join(home, 'kairos-factory'), 0o755);
    await writeFile(join(work, 'flavor.yaml'), 'extends: any\ninitramfs: dracut\n');
    const args = [
      '--flavor',
      './flavor.yaml',
      '--base',
      file,
      '--artifact',
      'squashfs',
      '--compression',
      'fast',
    ];
    const shell = ['sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', work];
    const env = ['env', '-i', `PATH=${process.env['PATH']}`, `HOME=${work}`, 'CI=true'];
    const program = [join(home, 'kairos-factory'), 'verify-repro', ...args, '--output', 'out'];
    const as = ['-u', USER, '--', ...env, ...shell, ...program];
    const { exitCode, stdout, stderr } = await execa('runuser', as, { reject: false });
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toMatch(/^Reproducible: /);
    await rm(join(work, 'out'), { recursive: true });
  });
});
