import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Inspection } from '../../src/factory/inspect/artifact/inspection.ts';
import { cpioArchive } from '../support/cpio.ts';
import { factory, TEST_HOME, type TestBuild, testBuild } from '../support/factory.ts';
import { startRegistry } from '../support/registry.ts';
import { tool } from '../support/tool.ts';

const NAME = 'kairos-debian-12-core-amd64-generic-v1.2.3';
let build: TestBuild;
let home: string;
beforeAll(async () => {
  build = await testBuild();
  home = await mkdtemp(join(TEST_HOME, 'inspect-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

async function inspected(...args: readonly string[]): Promise<Inspection> {
  const { status, stdout, stderr } = await factory(['inspect', ...args, '--json'], { cwd: home });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as Inspection;
}

/** What every artifact of the build says about the system in it. */
const SYSTEM = {
  name: NAME,
  version: 'v1.2.3',
  arch: 'amd64',
  framework: expect.stringMatching(/^kairos-factory v/),
  distribution: { id: 'debian', version: '12' },
  kernel: { version: expect.stringMatching(/^6\.1\..*-cloud-amd64$/) },
  initramfs: { kind: 'kairos-factory', compression: 'zstd' },
  packages: { deb: expect.any(Number) },
  identity: { machineId: 'empty', sshHostKeys: [] },
};
const BESIDE = [expect.objectContaining({ form: 'checksum', place: 'SHA256SUMS' })];

describe('artifacts of a build', () => {
  test('the ISO', async () => {
    const report = await inspected(build.artifact('iso'));
    expect(report).toMatchObject({
      schema: 1,
      type: 'iso',
      filesystem: { type: 'iso9660', label: 'COS_LIVE' },
      boots: ['bios', 'uefi'],
      system: SYSTEM,
    });
    expect(report.menu?.map(({ id }) => id)).toEqual(['install', 'manual', 'interactive', 'debug']);
    expect(report.menu?.[0]?.commandLine).toMatch(/^cdroot root=live:CDLABEL=COS_LIVE .* install-mode$/);
    expect(report.bootPrograms?.map(({ signed }) => signed)).toEqual([true, true, true]);
    expect(report.documents?.map(({ kind }) => kind).sort()).toEqual(['provenance', 'sbom', 'sbom']);
    expect(report.signatures).toEqual(BESIDE);
    expect(report.notes).toEqual([]);
  });

  test.each(['raw', 'qcow2'] as const)('the %s', async (kind) => {
    const report = await inspected(build.artifact(kind));
    expect(report).toMatchObject({ type: 'disk', format: kind });
    expect(
      report.partitions?.map(({ name, filesystem }) => [name, filesystem?.type, filesystem?.label]),
    ).toEqual([
      ['bios', undefined, undefined],
      ['efi', 'vfat', 'COS_GRUB'],
      ['oem', 'ext4', 'COS_OEM'],
      ['recovery', 'ext4', 'COS_RECOVERY'],
      ['state', 'ext4', 'COS_STATE'],
      ['persistent', 'ext4', 'COS_PERSISTENT'],
    ]);
    expect(report.slots?.map(({ name }) => name)).toEqual(['active', 'passive', 'recovery']);
    for (const slot of report.slots ?? []) expect(slot.system).toMatchObject(SYSTEM);
    expect(report.menu?.map(({ id }) => id)).toEqual(['cos', 'fallback', 'recovery', 'statereset']);
    expect(report.menu?.[1]?.commandLine).toContain(
      'root=LABEL=COS_PASSIVE cos-img/filename=/cOS/passive.img',
    );
    expect(report.notes).toEqual([]);
  });

  test('the squashfs, the OCI layout, and an archive of it', async () => {
    const squashfs = await inspected(build.artifact('squashfs'));
    expect(squashfs).toMatchObject({ type: 'squashfs', format: 'squashfs, zstd', system: SYSTEM });
    const oci = await inspected(build.artifact('oci'));
    expect(oci).toMatchObject({
      type: 'image',
      image: { storage: 'oci-layout', platform: 'linux/amd64' },
      system: SYSTEM,
    });
    expect(oci.system).toEqual(squashfs.system);
    expect(oci.menu).toEqual(squashfs.menu);
    const archive = join(home, 'image.tar');
    await tool('tar', '-C', build.artifact('oci'), '-cf', archive, '.');
    expect(await inspected(archive)).toMatchObject({ type: 'image', image: { digest: oci.image?.digest } });
  });

  test('the output of the build, for people', async () => {
    const report = await inspected(build.output);
    expect(report).toMatchObject({ type: 'build-output', system: SYSTEM });
    expect(report.members?.every(({ listed }) => listed)).toBe(true);
    const { stdout, status } = await factory(['inspect', build.output]);
    expect(status).toBe(0);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(stdout).toContain('Signatures (not verified)');
  });

  test('its documents', async () => {
    expect((await inspected(join(build.output, `${NAME}.spdx.json`))).document).toMatchObject({
      kind: 'sbom',
      format: 'SPDX-2.3',
    });
    expect((await inspected(join(build.output, 'SHA256SUMS'))).type).toBe('checksums');
  });

  test('the image of a slot', async () => {
    const slot = join(home, 'active.img');
    const state = (await inspected(build.artifact('raw'))).partitions?.find(({ name }) => name === 'state');
    await tool(
      'debugfs',
      '-R',
      `dump /cOS/active.img ${slot}`,
      `${build.artifact('raw')}?offset=${state?.start}`,
    );
    expect(await inspected(slot)).toMatchObject({
      type: 'slot-image',
      filesystem: { type: 'ext2', label: 'COS_ACTIVE' },
      system: SYSTEM,
    });
  });
});

/** A root with the names of upstream's images, for which a stand-in for its programs is enough. */
async function upstreamRoot(root: string): Promise<void> {
  const files: Readonly<Record<string, string>> = {
    'etc/os-release': 'ID=ubuntu\nVERSION_ID="24.04"\nPRETTY_NAME="Ubuntu 24.04 LTS"\n',
    'etc/kairos-release': [
      'KAIROS_ID="kairos"',
      'KAIROS_NAME="kairos-core-ubuntu-24.04"',
      'KAIROS_VERSION="v3.6.0"',
      'KAIROS_ARCH="amd64"',
      'KAIROS_FLAVOR="ubuntu"',
      'KAIROS_FLAVOR_RELEASE="24.04"',
      'KAIROS_VARIANT="core"',
      'KAIROS_MODEL="generic"',
      'KAIROS_INIT_VERSION="v0.6.9"',
    ].join('\n'),
    'etc/cos/bootargs.cfg':
      'set kernel=/boot/vmlinuz\nset kernelcmd="root=LABEL=$label cos-img/filename=$img rd.neednet=0"\n',
    'boot/vmlinuz-6.8.0-60-generic': 'kernel',
    'usr/bin/kairos-agent': 'program',
    'etc/machine-id': '0123456789abcdef0123456789abcdef\n',
    'etc/ssh/ssh_host_rsa_key': 'key',
  };
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  await symlink('vmlinuz-6.8.0-60-generic', join(root, 'boot/vmlinuz'));
  await writeFile(join(root, 'boot/initrd'), gzipSync(cpioArchive({ 'usr/bin/immucore': 'program' })));
}

describe("upstream's artifacts", () => {
  const UPSTREAM = {
    name: 'kairos-ubuntu-24.04-core-amd64-generic-v3.6.0',
    framework: 'kairos-init v0.6.9',
    kernel: { version: '6.8.0-60-generic' },
    initramfs: { kind: 'dracut with immucore', compression: 'gzip' },
    identity: { machineId: 'set', sshHostKeys: ['/etc/ssh/ssh_host_rsa_key'] },
  };
  let root: string;
  beforeAll(async () => {
    root = join(home, 'upstream');
    await upstreamRoot(root);
  });

  test('a root, and a squashfs with gzip', async () => {
    expect(await inspected(root)).toMatchObject({ type: 'root', system: UPSTREAM });
    const file = join(home, 'rootfs.squashfs');
    await tool('mksquashfs', root, file, '-quiet', '-no-progress', '-b', '1024k', '-comp', 'gzip');
    expect(await inspected(file)).toMatchObject({
      type: 'squashfs',
      format: 'squashfs, gzip',
      system: UPSTREAM,
    });
  });

  test('a disk with an ext2 state partition, a squashfs for recovery and its own menu', async () => {
    const state = join(home, 'state');
    await mkdir(join(state, 'cOS'), { recursive: true });
    await mkdir(join(state, 'grub2'));
    await tool(
      'mke2fs',
      '-q',
      '-F',
      '-t',
      'ext2',
      '-L',
      'COS_ACTIVE',
      '-d',
      root,
      join(state, 'cOS/active.img'),
      '8M',
    );
    const entry =
      'menuentry "Kairos" --id cos {\n search --no-floppy --label --set=root COS_STATE\n set img=/cOS/active.img\n set label=COS_ACTIVE\n loopback loop0 /$img\n set root=($root)\n source (loop0)/etc/cos/bootargs.cfg\n linux (loop0)$kernel $kernelcmd ${extra_cmdline}\n initrd (loop0)$initramfs\n}\n';
    await writeFile(join(state, 'grub2/grub.cfg'), entry);
    const recovery = join(home, 'recovery');
    await mkdir(join(recovery, 'cOS'), { recursive: true });
    await copyFile(join(home, 'rootfs.squashfs'), join(recovery, 'cOS/recovery.squashfs'));
    const disk = join(home, 'upstream.raw');
    await tool('truncate', '-s', '64M', disk);
    await tool('sgdisk', '-n', '1:2048:+24M', '-c', '1:recovery', '-n', '2:0:+24M', '-c', '2:state', disk);
    for (const [label, tree, offset] of [
      ['COS_RECOVERY', recovery, 1],
      ['COS_STATE', state, 25],
    ] as const)
      await tool(
        'mke2fs',
        '-q',
        '-F',
        '-t',
        'ext2',
        '-L',
        label,
        '-E',
        `offset=${offset * 1024 * 1024}`,
        '-d',
        tree,
        disk,
        '24M',
      );
    const report = await inspected(disk);
    expect(report.slots).toMatchObject([
      { name: 'active', system: UPSTREAM },
      { name: 'recovery', file: 'cOS/recovery.squashfs', system: UPSTREAM },
    ]);
    expect(report.menu).toEqual([
      {
        title: 'Kairos',
        id: 'cos',
        commandLine: 'root=LABEL=COS_ACTIVE cos-img/filename=/cOS/active.img rd.neednet=0',
      },
    ]);
  });
});

test('an image in a registry, without its layers', async () => {
  await using registry = await startRegistry();
  await registry.pushImage('team/os', 'team/os', 'v1');
  const settings = ['--set', `registries=${JSON.stringify([{ registry: registry.host, insecure: true }])}`];
  const report = await inspected(`docker://${registry.host}/team/os:v1`, '--no-content', ...settings);
  expect(report).toMatchObject({ type: 'image', image: { storage: 'registry' }, signatures: [] });
  expect(report.system).toBeUndefined();
});

test('broken and unknown files are errors with a code and a remedy', async () => {
  const iso = await readFile(build.artifact('iso'));
  const cut = join(home, 'cut.iso');
  await writeFile(cut, iso.subarray(0, 40 * 1024 * 1024));
  const broken = await factory(['inspect', basename(cut)], { cwd: home });
  expect(broken.status).toBe(5);
  expect(broken.stderr).toMatch(
    /cut\.iso is broken: .*cut short\n.*to do: .*SHA256SUMS.*\n.*code: ARTIFACT_CORRUPT/s,
  );
  await writeFile(join(home, 'noise'), Buffer.alloc(100_000, 'noise'));
  const unknown = await factory(['inspect', 'noise'], { cwd: home });
  expect(unknown.status).toBe(2);
  expect(unknown.stderr).toContain('code: SOURCE_UNSUITABLE');
  expect((await factory(['inspect', './none.iso'], { cwd: home })).status).toBe(2);
});
