import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { machineArch } from '../../src/common/contract/architectures.ts';
import { writeOciLayout } from '../../src/factory/inputs/base/oci-layout.ts';
import { program } from '../support/arm64.ts';
import { factory, PROJECT, TEST_HOME } from '../support/factory.ts';
import { tool } from '../support/tool.ts';

let home: string;
beforeAll(async () => {
  await tool('mkdir', '-p', TEST_HOME);
  home = await mkdtemp(join(TEST_HOME, 'bad-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const isRoot = process.getuid?.() === 0;
const build = (...args: string[]) => factory(['build', '--flavor', 'debian', ...args], { cwd: home });

/** Writes a tar with the given entries, which may be hostile or malformed. */
async function tarOf(name: string, entries: readonly Record<string, unknown>[]): Promise<string> {
  const archive = pack();
  for (const { content = '', ...header } of entries) archive.entry(header as never, content as string);
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive) chunks.push(chunk as Uint8Array);
  const file = join(home, name);
  await writeFile(file, Buffer.concat(chunks));
  return file;
}

/** Checks that a failure leaves nothing behind: no unfinished file, lock, temporary directory or working container. */
async function expectNothingLeft(output: string, cache = join(TEST_HOME, 'cache')): Promise<void> {
  expect(await readdir(output).catch(() => [])).toEqual([]);
  expect(await readdir(join(cache, 'work'))).toEqual([]);
  const store = [
    '--root',
    join(cache, 'store/images'),
    '--runroot',
    join(cache, 'store/run'),
    '--storage-driver',
    'overlay',
  ];
  if (isRoot) expect((await tool('buildah', ...store, 'containers', '--quiet')).trim()).toBe('');
  expect(await tool('sh', '-c', 'grep -F "$1" /proc/mounts || true', 'sh', cache)).not.toMatch(/merged/);
}

describe('a usage error reports the problem, its position and a remedy (exit status 2)', () => {
  test.each([
    [['--flavor', 'debain'], /unknown flavor "debain" \(did you mean "debian"\?\)/],
    [['--base', 'bootstrap:bookwrm'], /no release "bookwrm" \(did you mean "bookworm"\?\)/],
    [['--release', 'bookwrm'], /no release "bookwrm" \(did you mean "bookworm"\?\)/],
    [['--flavor', './my.yaml'], /my\.yaml: cannot be read/],
    [['--artifact', 'iso,qcow'], /--artifact: artifacts\.1: "qcow" is none of .* \(did you mean "qcow2"\?\)/],
    [['--kernel', 'claud'], /flavor debian has no kernel "claud" \(did you mean "cloud"\?\)/],
    [['--version', 'one'], /--version: version: "one" is not a semantic version/],
    [
      ['--base', 'docker-archve:x'],
      /"docker-archve:" is not a known prefix \(did you mean "docker-archive"\?\)/,
    ],
    [['--base', 'nowhere.tar'], /nowhere\.tar does not exist/],
    [['--set', 'disk.oem'], /--set disk\.oem: does not have the form key=value/],
    [['--no-such-flag'], /unknown option '--no-such-flag'/],
  ])('%j', async (args, message) => {
    const { status, stderr } = await build(...args, '--output', join(home, 'usage'));
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
  });

  test('malformed and invalid configuration files, with line and column', async () => {
    await writeFile(join(home, 'broken.yaml'), 'flavor: debian\ndisk: {oem: 64\n');
    const broken = await factory(['build', '--config', 'broken.yaml'], { cwd: home });
    expect([broken.status, broken.stderr]).toEqual([2, expect.stringMatching(/broken\.yaml:\d+:\d+: /)]);
    await writeFile(join(home, 'wrong.yaml'), 'flavor: debian\ndisk:\n  persitent: 64\n');
    const wrong = await factory(['build', '--config', 'wrong.yaml'], { cwd: home });
    expect(wrong.stderr).toMatch(/wrong\.yaml:3:3: unknown key "persitent" \(did you mean "persistent"\?\)/);
    expect(wrong.status).toBe(2);
  });

  test('--json writes the error to stdout too', async () => {
    const { status, stdout } = await build('--flavor', 'debain', '--json');
    expect(status).toBe(2);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'FLAVOR_UNKNOWN',
      kind: 'usage',
      status: 2,
      message: expect.stringMatching(/debain/),
    });
  });
});

test('a missing host tool is reported with its package (exit status 3)', async () => {
  const bin = join(home, 'bin');
  await tool('mkdir', '-p', bin);
  // Everything except xorriso, and the Node.js of these tests in case the system's is older.
  const link =
    'for f in /usr/bin/* /bin/*; do case $f in */xorriso*) ;; *) ln -sf "$f" "$1";; esac; done; ln -sf "$2" "$1/node"';
  await tool('sh', '-c', link, 'sh', bin, process.execPath);
  const args = [
    'build',
    '--flavor',
    'debian',
    '--kernel',
    'cloud',
    '--artifact',
    'iso',
    '--output',
    join(home, 'tool'),
  ];
  const { status, stderr } = await factory(args, { env: { PATH: bin } });
  expect(stderr).toMatch(/xorriso is not installed/);
  expect(stderr).toMatch(/apt-get install xorriso/);
  expect(status).toBe(3);
});

describe('the flavor of a base', () => {
  const osRelease = (content: string) => [{ name: 'etc/os-release', type: 'file', content }];
  const withoutFlavor = (...args: string[]) => factory(['build', ...args, '--output', join(home, 'any')]);

  test('giving neither a flavor nor a base is a usage error', async () => {
    const { status, stderr } = await withoutFlavor();
    expect(stderr).toMatch(/neither a flavor nor a base image is given/);
    expect(status).toBe(2);
  });

  test('a base without a matching flavor', async () => {
    const { status, stderr } = await withoutFlavor(
      '--base',
      await tarOf('plan9.tar', osRelease('ID=plan9\n')),
    );
    expect(stderr).toMatch(/no flavor matches the base "plan9"/);
    expect(status).toBe(2);
  });

  test('a derivative is built with the flavor of its family and a notice, and a base whose shell does not run fails', async () => {
    const mint = osRelease('ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID="22"\nUBUNTU_CODENAME=noble\n');
    mint.push({ name: 'bin/sh', type: 'file', content: 'no program' });
    const { status, stderr } = await withoutFlavor('--base', await tarOf('mint.tar', mint));
    expect(stderr).toMatch(
      /notice: "linuxmint" 22 has no flavor of its own, so it is built with the packages of ubuntu/,
    );
    expect(status).toBe(4);
    await expectNothingLeft(join(home, 'any'));
  });
});

test('a package that does not exist is reported with its origin (exit status 4)', async () => {
  const own = await build(
    '--kernel',
    'cloud',
    '--set',
    'packages=[no-such-package]',
    '--output',
    join(home, 'own'),
  );
  expect(own.stderr).toMatch(/debian 12 has no package "no-such-package" \(key "packages" of this build\)/);
  expect(own.stderr).toMatch(/to do: Correct or remove the name in "packages"/);
  expect(own.status).toBe(4);
  await writeFile(join(home, 'my.yaml'), 'extends: debian\npackages:\n  ssh:\n    - opensssh-server\n');
  const flavor = await build('--flavor', './my.yaml', '--kernel', 'cloud', '--output', join(home, 'own'));
  expect(flavor.stderr).toMatch(/no package "opensssh-server" \(role "ssh", .*\/my\.yaml:4:7\)/);
  expect(flavor.stderr).toMatch(/flavors eject/);
  expect(flavor.status).toBe(4);
  await expectNothingLeft(join(home, 'own'));
});

describe('hostile and broken bases', () => {
  const evil = { type: 'file', content: 'evil' };
  test.each([
    ['absolute.tar', [{ name: '/kairos-factory-evil', ...evil }], 2, /neither \/etc\/os-release nor/],
    ['parent.tar', [{ name: 'a/../../evil', ...evil }], 5, /leads outside the root/],
    [
      'hardlink.tar',
      [{ name: 'h', type: 'link', linkname: '../../etc/passwd' }],
      5,
      /leads outside the root/,
    ],
    [
      'through.tar',
      [
        { name: 'l', type: 'symlink', linkname: '/tmp' },
        { name: 'l/kairos-factory-evil', ...evil },
      ],
      2,
      /neither \/etc\/os-release nor/,
    ],
    ['bare.tar', [{ name: 'etc/hostname', ...evil }], 2, /neither \/etc\/os-release nor/],
    [
      'other.tar',
      [{ name: 'etc/os-release', type: 'file', content: 'ID=plan9\n' }],
      2,
      /is not for the base "plan9"/,
    ],
  ] as const)('%s', async (name, entries, expected, message) => {
    const output = join(home, 'hostile');
    const { status, stderr } = await build('--base', await tarOf(name, entries), '--output', output);
    expect(stderr).toMatch(message);
    expect(status).toBe(expected);
    await expectNothingLeft(output);
    expect(
      await tool('sh', '-c', 'ls -d /kairos-factory-evil /tmp/kairos-factory-evil 2>/dev/null || true'),
    ).toBe('');
  });

  test('device nodes are dropped with a notice', async () => {
    const device = { name: 'dev/sda', type: 'block-device', devmajor: 8, devminor: 0 };
    const { status, stderr } = await build(
      '--base',
      await tarOf('device.tar', [device, { name: 'etc/x', ...evil }]),
      '--output',
      join(home, 'device'),
    );
    expect(stderr).toMatch(/notice: .*device\.tar: dropped 1 device node/);
    expect(status).toBe(2);
  });

  test('corrupt and truncated archives', async () => {
    const good = await tarOf('good.tar', [{ name: 'etc/big', type: 'file', content: 'x'.repeat(200_000) }]);
    await tool('gzip', '-k', good);
    await tool('xz', '-k', good);
    await tool('zstd', '-q', '-k', good);
    for (const [file, size] of [
      ['good.tar', 100_000],
      ['good.tar.gz', 200],
      ['good.tar.xz', 100],
      ['good.tar.zst', 40],
    ] as const) {
      await truncate(join(home, file), size);
      const { status, stderr } = await build('--base', file, '--output', join(home, 'cut'));
      expect(stderr).toMatch(/corrupt or truncated/);
      expect(status).toBe(4);
    }
    await writeFile(join(home, 'noise.tar'), Buffer.alloc(4096, 'noise'));
    const noise = await build('--base', 'noise.tar', '--output', join(home, 'cut'));
    expect([noise.status, noise.stderr]).toEqual([
      4,
      expect.stringMatching(/cannot be read as a tar archive/),
    ]);
    await expectNothingLeft(join(home, 'cut'));
  });
});

describe.skipIf(!isRoot)('a small disk (needs root to mount one)', () => {
  /** Builds an ISO to a filesystem of a size. */
  async function buildInto(size: string, ...more: string[]) {
    const small = await mkdtemp(join(home, 'small-'));
    await tool('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', small);
    try {
      const output = join(small, 'out');
      const args = ['--kernel', 'cloud', '--compression', 'fast', '--artifact', 'iso', '--output', output];
      const result = await build(...args, ...more);
      const left = await readdir(output);
      await rm(output, { recursive: true });
      await expectNothingLeft(output);
      return { ...result, left };
    } finally {
      await tool('umount', small);
    }
  }

  test('is seen before the build begins', async () => {
    const { status, stderr, left } = await buildInto('60m');
    expect(stderr).toMatch(/too little room for this build: [\d.]+ MiB free for about [\d.]+ MiB in /);
    expect(stderr).toMatch(/to do: Free some space.*--output for the artifacts/);
    expect([status, left]).toEqual([4, []]);
  });

  test('that fills in spite of the estimate fails with a remedy and leaves nothing', async () => {
    // No estimate knows what an overlay adds.
    const overlay = join(home, 'large-overlay');
    await mkdir(overlay);
    await writeFile(join(overlay, 'noise'), randomBytes(150 * 1024 * 1024));
    const { status, stderr, left } = await buildInto('270m', '--overlay-iso', overlay);
    expect(stderr).toMatch(/no space (?:is )?left|exceeds free space/i);
    expect(stderr).toMatch(/to do: Free some space/);
    expect(status).toBe(4);
    // The SBOMs were complete before.
    expect(left.filter((name) => !/\.(spdx|cdx)\.json$/.test(name))).toEqual([]);
  });
});

describe('SIGINT', () => {
  // The step, and the delay in milliseconds between its start and the signal.
  test.each([
    ['base', 5000],
    ['image', 5000],
    ['squashfs', 150],
    ['slot-image', 150],
    ['artifact:iso', 100],
    ['artifact:raw', 1500],
    ['artifact:qcow2', 1000],
    ['artifact:vhd', 300],
    ['artifact:gce', 1000],
    ['artifact:vmdk', 1000],
  ] as const)('in %s', async (step, delay) => {
    const output = join(home, `signal-${step.replace(':', '-')}`);
    const cache = join(TEST_HOME, 'signal-cache');
    const kind = /^artifact:(.*)/.exec(step)?.[1];
    const args = [
      'build',
      '--flavor',
      'debian',
      '--kernel',
      'cloud',
      '--compression',
      'fast',
      '--output',
      output,
      ...(kind === undefined ? [] : ['--artifact', kind]),
    ];
    // Steps before it may be cached from earlier rounds, but the step itself must run.
    const child = execa(join(PROJECT, 'bin/kairos-factory'), args, {
      env: { KAIROS_FACTORY_CACHE: cache, CI: 'true' },
      reject: false,
      detached: true,
    });
    let seen = false;
    for await (const line of child.iterable({ from: 'stderr' })) {
      if (line !== `[${step}] ${line.slice(step.length + 3)}` || seen) continue;
      seen = true;
      setTimeout(() => child.kill('SIGINT'), delay);
    }
    const { exitCode, stderr } = await child;
    expect(seen, stderr).toBe(true);
    expect(stderr).toMatch(/interrupted by SIGINT/);
    expect(exitCode).toBe(130);
    const finished = (await readdir(output).catch(() => [])).filter((name) => name.startsWith('.'));
    expect(finished).toEqual([]);
    await rm(output, { recursive: true, force: true });
    await expectNothingLeft(output, cache);
    expect(
      await tool(
        'sh',
        '-c',
        'pgrep -a "mksquashfs|mke2fs|xorriso|qemu-img|pigz|buildah|mmdebstrap" | grep -F "$1" || true',
        'sh',
        cache,
      ),
    ).toBe('');
  });
  // Steps that an earlier, killed run left in the cache would not run.
  const clear = () => tool('rm', '-rf', join(TEST_HOME, 'signal-cache'));
  beforeAll(clear);
  afterAll(clear);
});

describe('a base for another architecture is refused with both, before anything is built (exit status 2)', () => {
  const other = machineArch() === 'arm64' ? ['amd64', 62] : ['arm64', 183];
  const [arch, machine] = other as [string, number];
  const refusal = new RegExp(`is for ${arch}, not for ${machineArch()}`);

  test('a directory, by its programs', async () => {
    const root = join(home, 'foreign');
    await mkdir(join(root, 'bin'), { recursive: true });
    await mkdir(join(root, 'etc'));
    await writeFile(join(root, 'bin/sh'), program(machine));
    await writeFile(join(root, 'etc/os-release'), 'ID=debian\nVERSION_ID="12"\n');
    const output = join(home, 'foreign-out');
    const { status, stderr } = await build('--base', `dir:${root}`, '--output', output);
    expect([status, stderr]).toEqual([2, expect.stringMatching(refusal)]);
    expect(stderr).toContain(`--arch ${arch}`);
    expect(stderr).not.toMatch(/\[image\]/);
    await expectNothingLeft(output);
  });

  test('an OCI image, by its configuration', async () => {
    const layout = join(home, 'foreign.oci');
    await mkdir(layout);
    await writeOciLayout(layout, { arch, epoch: 1, tag: 'v1' }, async (layer) => {
      const archive = pack();
      archive.entry({ name: 'etc/os-release' }, 'ID=debian\nVERSION_ID="12"\n');
      archive.finalize();
      await pipeline(archive, layer);
    });
    const output = join(home, 'foreign-oci-out');
    const { status, stderr } = await build('--base', `oci:${layout}:v1`, '--output', output);
    expect([status, stderr]).toEqual([2, expect.stringMatching(refusal)]);
    await expectNothingLeft(output);
  });
});
