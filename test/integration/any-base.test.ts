import { chmod, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { BuildReport } from '../../src/factory/pipeline/build-report.ts';
import { openOutput } from '../../src/factory/pipeline/workspace.ts';
import { buildahStore } from '../support/buildah-store.ts';
import { factory, PROJECT, TEST_HOME, type TestBuild, testBuild } from '../support/factory.ts';
import { makeTinyRoot } from '../support/tiny-root.ts';
import { tool } from '../support/tool.ts';

let home: string;
let tiny: string;
let debian: TestBuild;

beforeAll(async () => {
  debian = await testBuild();
  home = await mkdtemp(join(TEST_HOME, 'any-'));
  tiny = await makeTinyRoot(home);
});
afterAll(() => tool('rm', '-rf', home));

const fromTiny = () => ['--flavor', 'any', '--base', tiny, '--kernel-from', `oci:${debian.artifact('oci')}`];
const squashfs = (...args: string[]) => [...args, '--artifact', 'squashfs', '--compression', 'fast'];
const sum = (report: BuildReport) =>
  report.manifest.artifacts.find(({ kind }) => kind === 'squashfs')?.sha256;

async function made(args: readonly string[]): Promise<{ report: BuildReport; stderr: string }> {
  const { status, stdout, stderr } = await factory([...args, '--json']);
  expect(status, stderr).toBe(0);
  return { report: JSON.parse(stdout) as BuildReport, stderr };
}

async function refused(...args: string[]): Promise<string> {
  const { status, stderr } = await factory(args);
  expect(status, stderr).toBe(2);
  return stderr;
}

const unsquashed = async (how: string, report: BuildReport) =>
  (
    await tool('unsquashfs', how, '-d', '', join(report.output, report.manifest.artifacts[0]?.file ?? ''))
  ).split('\n');
/** Lists the files of a squashfs. */
const paths = (report: BuildReport) => unsquashed('-l', report);
/** Lists the files of a squashfs with modes, owners, sizes and times. */
const listing = (report: BuildReport) => unsquashed('-lln', report);

async function own(
  name: string,
  text: string,
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  const directory = join(home, name);
  for (const [path, content] of Object.entries({ Containerfile: text, ...files })) {
    await mkdir(join(directory, path, '..'), { recursive: true });
    await writeFile(join(directory, path), content);
  }
  return join(directory, 'Containerfile');
}

describe('a root without a distribution, with a kernel from another image and a Containerfile', () => {
  let built: BuildReport;
  let arguments_: string[];

  beforeAll(async () => {
    const file = await own(
      'before',
      'FROM ${BASE_IMAGE} AS tools\nRUN echo made >/made\nFROM ${BASE_IMAGE}\nCOPY --from=tools /made /opt/made\nCOPY data/ /opt/data/\nUSER 1\n',
      { 'data/kept': 'kept', 'data/secret': 'secret', '.dockerignore': '**/secret\n' },
    );
    await own('laid', '', { 'opt/laid': 'laid' });
    await own('ran', '', { 'run.sh': 'echo ran >/opt/ran\n' });
    const bundles = [`dir:${home}/laid`, { image: `dir:${home}/ran`, mode: 'run' }];
    arguments_ = [...fromTiny(), '--containerfile', file, '--set', `bundles=${JSON.stringify(bundles)}`];
    const { report, stderr } = await made(squashfs('build', ...arguments_, '--output', join(home, 'built')));
    expect(stderr).toMatch(/notice: the base lacks .*mke2fs.*: those of debian 12 are brought along/);
    expect(stderr).toMatch(/notice: the base lacks programs.*: sudo \(to become root\)/);
    built = report;
  });

  test('become an OS image', async () => {
    expect(built.manifest.release).toMatchObject({ KAIROS_FLAVOR: 'tiny', KAIROS_FLAVOR_RELEASE: '1' });
    const all = await paths(built);
    expect(all).toEqual(
      expect.arrayContaining([
        '/boot/vmlinuz',
        '/boot/initrd',
        '/opt/made',
        '/opt/data/kept',
        '/opt/laid',
        '/opt/ran',
        '/usr/bin/kairos-agent',
        '/usr/lib/kairos/libc/ld.so',
      ]),
    );
    expect(all.filter((path) => /^\/lib\/modules\/[^/]+\/modules\.dep$/.test(path))).toHaveLength(1);
    expect(all.filter((path) => /secret|kairos-build|kairos-collected/.test(path))).toEqual([]);
  });

  test('give the same bytes when another builder builds the context', async () => {
    const folder = join(home, 'folder');
    const { status, stderr } = await factory(['context', ...arguments_, '--output', folder]);
    expect(status, stderr).toBe(0);
    const store = buildahStore(home);
    const buildah = (...args: string[]) =>
      tool('env', 'BUILDAH_ISOLATION=chroot', 'buildah', ...store, ...args);
    await buildah('build', '--quiet', '--tag', 'localhost/made', folder);
    await buildah('push', '--quiet', 'localhost/made', `oci:${home}/made:1`);
    const image = ['artifacts', '--image', `oci:${home}/made:1`, '--output', join(home, 'again')];
    const { report } = await made(squashfs(...image));
    // Shows the differences, if there are any.
    expect(await listing(report)).toEqual(await listing(built));
    expect(sum(report)).toBe(sum(built));
    // Our files are replaced; other files stay.
    expect((await factory(['context', ...arguments_, '--output', folder])).status).toBe(0);
    const foreign = await refused('context', ...arguments_, '--output', join(home, 'root'));
    expect(foreign).toMatch(/root is not empty and is not a context folder of kairos-factory/);
    expect(await readFile(join(home, 'root/etc/os-release'), 'utf8')).toContain('tiny');
  });

  test('change with a file that the Containerfile copies, but not with an ignored one', async () => {
    const plan = async () => {
      const { stdout } = await factory([
        'build',
        ...squashfs(...arguments_),
        '--output',
        join(home, 'built'),
        '--plan',
      ]);
      return /^containerfile +(\S+)/m.exec(stdout)?.[1];
    };
    expect(await plan()).toBe('cached');
    await writeFile(join(home, 'before/data/secret'), 'another');
    expect(await plan()).toBe('cached');
    await writeFile(join(home, 'before/data/kept'), 'another');
    expect(await plan()).toBe('run');
  });
});

/** Installs packages for minutes, and covers code that rarely changes: runs only with the whole matrix. */
test.skipIf(process.env['KAIROS_FACTORY_TEST_ALL'] !== '1')(
  'a kernel from another image takes the place of a flavor’s kernel packages (KAIROS_FACTORY_TEST_ALL=1)',
  async () => {
    const from = ['--kernel-from', `oci:${debian.artifact('oci')}`, '--output', join(home, 'borrowed')];
    const spec = ['build', '--flavor', 'debian', '--base', 'bootstrap:bookworm', ...from];
    const { report } = await made(squashfs(...spec));
    const all = await paths(report);
    expect(all).toEqual(
      expect.arrayContaining([
        '/boot/vmlinuz',
        '/boot/initrd',
        '/usr/bin/kairos-agent',
        '/usr/sbin/grub2-install',
      ]),
    );
    expect(all.filter((path) => /^\/usr\/lib\/modules\/[^/]+\/modules\.dep$/.test(path))).toHaveLength(1);
    const file = join(report.output, report.manifest.artifacts[0]?.file ?? '');
    const status = await tool('unsquashfs', '-cat', file, 'var/lib/dpkg/status');
    expect(status.match(/^Package: linux-image.*/gm)).toBe(null);
    expect(status).toMatch(/^Package: busybox-static$/m);
  },
);

/** Bootstraps another root: runs only with the whole matrix. */
test.skipIf(process.env['KAIROS_FACTORY_TEST_ALL'] !== '1')(
  'a kernel is bootstrapped by the build that needs it, and locked (KAIROS_FACTORY_TEST_ALL=1)',
  async () => {
    const output = join(home, 'bootstrapped-kernel');
    const lock = join(home, 'kernel.lock');
    const from = [
      '--flavor',
      'any',
      '--base',
      tiny,
      '--kernel-from',
      'bootstrap:bookworm',
      '--kernel',
      'cloud',
    ];
    const spec = squashfs('build', ...from, '--output', output, '--lock-file', lock);
    const { report } = await made(spec);
    const all = await paths(report);
    expect(all).toEqual(expect.arrayContaining(['/boot/vmlinuz', '/boot/initrd']));
    expect(all.filter((path) => /\/modules\/[^/]+-cloud-amd64\/modules\.dep$/.test(path))).toHaveLength(1);
    const { packages } = parse(await readFile(lock, 'utf8'));
    const { installed } = packages['kernel-from/bootstrap:bookworm/amd64/cloud'];
    expect(installed).toHaveProperty('linux-image-cloud-amd64:amd64');
    // The lock fits, and nothing is made again.
    const { status, stdout, stderr } = await factory([...spec, '--locked', '--plan']);
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/^kernel +cached/m);
    // The same packages give the same bytes.
    const [one] = report.manifest.artifacts;
    const again = await made([...spec, '--no-cache']);
    expect(again.report.manifest.artifacts[0]?.sha256).toBe(one?.sha256);
  },
);

/**
 * Stands in for upstream's kairos-init, which cannot be downloaded here. It takes the same arguments, and turns a root that
 * lacks only kairos-init's own files into an image.
 */
const STAND_IN = `#!/bin/sh
set -eu
if [ "$1" = version ]; then
  printf '\\033[90m2026-08-01T12:00:00Z\\033[0m \\033[32mINF\\033[0m Starting \\033[36mframework=\\033[0mv0.5.10\\n'
  echo v0.5.1
  exit 0
fi
echo "$*" >>/usr/share/stand-in
while [ $# -gt 0 ]; do
  case $1 in
    --stage) stage=$2 ;;
    --version) version=$2 ;;
    --model) model=$2 ;;
    *) echo "unknown: $1" >&2; exit 1 ;;
  esac
  shift 2
done
case $stage in
  install) cp /spare/vmlinuz-* /boot/ ;;
  init)
    ln -s "$(cd /boot && ls vmlinuz-*)" /boot/vmlinuz
    cp /spare/initrd /boot/initrd
    sed -e "s/^KAIROS_VERSION=.*/KAIROS_VERSION=\\"$version\\"/;s/^KAIROS_RELEASE=.*/KAIROS_RELEASE=\\"$version\\"/" \\
      -e "s/^KAIROS_MODEL=.*/KAIROS_MODEL=\\"$model\\"/" /spare/kairos-release >/etc/kairos-release
    rm -r /spare
    ;;
esac
`;

describe('kairos-init (a stand-in with its interface) as the framework', () => {
  let program: string;
  let base: string[];

  beforeAll(async () => {
    program = join(home, 'kairos-init');
    await writeFile(program, STAND_IN);
    await chmod(program, 0o755);
    const file = await own(
      'without',
      'RUN mkdir /spare && mv /boot/vmlinuz-* /boot/initrd /etc/kairos-release /spare/ && rm -r /boot/vmlinuz /usr/lib/kairos\n',
    );
    const image = `oci:${debian.artifact('oci')}`;
    base = ['--flavor', 'debian', '--base', image, '--containerfile', file, '--framework', 'kairos-init'];
  });

  test('runs in its two stages, from an image that contains it, and artifacts are made from the result', async () => {
    await mkdir(join(home, 'holder'));
    await tool('cp', program, join(home, 'holder/kairos-init'));
    const source = ['--framework-source', `dir:${home}/holder`, '--framework-version', 'v0.5.1'];
    const output = ['--version', 'v2.0.0', '--output', join(home, 'init')];
    const { report } = await made(squashfs('build', ...base, ...source, ...output));
    expect(report.manifest.release['KAIROS_VERSION']).toBe('v2.0.0');
    const file = join(report.output, report.manifest.artifacts[0]?.file ?? '');
    expect((await tool('unsquashfs', '-cat', file, 'usr/share/stand-in')).split('\n')).toEqual([
      '--stage install --version v2.0.0 --model generic',
      '--stage init --version v2.0.0 --model generic',
    ]);
    expect((await paths(report)).filter((path) => path.includes('kairos-build'))).toEqual([]);
  });

  test('is refused before it runs if it has the wrong version', async () => {
    const source = ['--framework-source', program, '--framework-version', 'v0.5.10'];
    const { status, stderr } = await factory(
      squashfs('build', ...base, ...source, '--output', join(home, 'other')),
    );
    expect(stderr).toMatch(/kairos-init is not version 0\.5\.10: it reports "v0\.5\.1"/);
    expect(status).toBe(4);
  });
});

describe('refused before anything runs', () => {
  const output = () => ['--output', join(home, 'refused')];

  test('a base without a shell, with a remedy', async () => {
    await mkdir(join(home, 'shellless/etc'), { recursive: true });
    await writeFile(join(home, 'shellless/etc/os-release'), 'ID=debian\nVERSION_ID=12\n');
    const stderr = await refused(
      'build',
      '--flavor',
      'debian',
      '--base',
      `dir:${home}/shellless`,
      ...output(),
    );
    expect(stderr).toMatch(/shellless has no \/bin\/sh, which runs the scripts of the build/);
    expect(stderr).toMatch(/to do: Use the variant of the image that has a shell/);
  });

  test('a Containerfile that would lose the base, or that needs a pull', async () => {
    const lost = await own('lost', 'FROM debian:12\n');
    const flags = ['build', '--flavor', 'debian', ...output(), '--containerfile'];
    expect(await refused(...flags, lost)).toMatch(/Containerfile:1: its last stage starts from "debian:12"/);
    const pull = await own('pull', 'COPY --from=busybox:1 /bin/busybox /bin/\n');
    expect(await refused(...flags, pull)).toMatch(
      /Containerfile:1: image "busybox:1" would have to be pulled/,
    );
  });

  test('a second build into the output directory of another', async () => {
    const directory = join(home, 'busy');
    const held = await openOutput(directory);
    const stderr = await refused('build', '--flavor', 'debian', '--output', directory);
    expect(stderr).toContain(`another build (process ${process.pid}) writes to ${directory}`);
    await held.close();
  });
});

// Users copy from this flavor, so it must stay valid.
test('flavor any is listed', async () => {
  expect((await factory(['flavors'], { cwd: PROJECT })).stdout).toMatch(/^any {2}any root filesystem/m);
});
