import { chmod, mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { machineArch } from '../../src/common/contract/architectures.ts';
import { arm64Build, peMachine, smallestArm64 } from '../support/arm64.ts';
import { factory, TEST_HOME } from '../support/factory.ts';
import { tool } from '../support/tool.ts';

const ALL = process.env['KAIROS_FACTORY_TEST_ALL'] === '1';
const AA64 = 0xaa64;
const SECTOR = 512;

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(TEST_HOME, 'arm64-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** The paths in a FAT filesystem, and a function that reads a file of it. */
async function esp(image: string) {
  const listing = await tool('mdir', '-b', '-/', '-i', image, '::');
  return {
    paths: listing
      .split('\n')
      .filter((line) => line.startsWith('::/') && !line.endsWith('/'))
      .map((line) => line.slice(3))
      .sort(),
    read: async (path: string) => {
      const file = join(home, basename(path));
      await tool('mcopy', '-n', '-o', '-i', image, `::${path}`, file);
      return readFile(file);
    },
  };
}

const xorriso = (...args: string[]) => tool('xorriso', '-report_about', 'WARNING', ...args);

/** Checks that an ISO boots only from UEFI. @returns the ESP image inside it */
async function liveEsp(iso: string) {
  const report = await xorriso('-indev', iso, '-report_el_torito', 'plain', '-report_system_area', 'plain');
  expect(report).toMatch(/El Torito boot img\s*:\s*1\s+UEFI\s+y\s+none/);
  expect(report).not.toMatch(/BIOS|grub2-mbr/);
  expect(report).toMatch(/GPT/);
  const image = join(home, 'uefi.img');
  await rm(image, { force: true });
  await xorriso('-osirrox', 'on', '-indev', iso, '-extract', '/boot/uefi.img', image);
  return esp(image);
}

interface Sfdisk {
  readonly partitiontable: {
    readonly partitions: { readonly name: string; readonly type: string; readonly start: number }[];
  };
}

/** Checks that a disk has the partitions of the contract, except the one for BIOS. @returns its ESP */
async function diskEsp(disk: string) {
  expect(await tool('sgdisk', '--verify', disk)).toMatch(/No problems found/);
  const { partitions } = (JSON.parse(await tool('sfdisk', '-J', disk)) as Sfdisk).partitiontable;
  expect(partitions.map(({ name }) => name)).toEqual(['efi', 'oem', 'recovery', 'state', 'persistent']);
  expect(partitions.map(({ type }) => type)).not.toContain('21686148-6449-6E6F-744E-656564454649');
  expect(partitions[0]?.type).toBe('C12A7328-F81F-11D2-BA4B-00A0C93EC93B');
  // The first sector has no boot code either.
  const handle = await open(disk);
  const { buffer } = await handle.read(Buffer.alloc(0x1b8), 0, 0x1b8, 0).finally(() => handle.close());
  expect(buffer.every((byte) => byte === 0)).toBe(true);
  return esp(`${disk}@@${(partitions[0]?.start ?? 0) * SECTOR}`);
}

async function ociConfig(layout: string) {
  const blob = async (digest: string) =>
    JSON.parse(await readFile(join(layout, 'blobs', digest.replace(':', '/')), 'utf8'));
  const { manifests } = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8'));
  expect(manifests[0].platform).toEqual({ architecture: 'arm64', os: 'linux', variant: 'v8' });
  return blob((await blob(manifests[0].digest)).config.digest);
}

describe('artifacts of an image for arm64, built on this machine', () => {
  let root: string;
  let output: string;
  const artifact = (ending: string) => join(output, `kairos-debian-12-core-arm64-rpi4-v1.2.3.${ending}`);
  beforeAll(async () => {
    root = await smallestArm64();
    output = join(home, 'out');
    const { status, stderr } = await factory([
      ...['artifacts', '--image', `dir:${root}`, '--artifact', 'oci,iso,raw', '--output', output],
      ...['--compression', 'fast', '--set', 'disk.persistent=16'],
    ]);
    expect(status, stderr).toBe(0);
    expect(stderr).not.toMatch(/BIOS/);
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  test('the ISO boots only from UEFI, with unchanged signed programs and the board’s console', async () => {
    const { paths, read } = await liveEsp(artifact('iso'));
    expect(paths).toEqual([
      'EFI/BOOT/BOOTAA64.EFI',
      'EFI/BOOT/grub.cfg',
      'EFI/BOOT/grubaa64.efi',
      'EFI/debian/grub.cfg',
      'config.txt',
    ]);
    const signed = (name: string) => readFile(join(root, 'usr/lib', name));
    expect(await read('EFI/BOOT/BOOTAA64.EFI')).toEqual(await signed('shim/shimaa64.efi.signed'));
    expect(await read('EFI/BOOT/grubaa64.efi')).toEqual(
      await signed('grub/arm64-efi-signed/gcdaa64.efi.signed'),
    );
    await xorriso(
      '-osirrox',
      'on',
      '-indev',
      artifact('iso'),
      '-extract',
      '/boot/grub2/grub.cfg',
      join(home, 'menu'),
    );
    expect(await readFile(join(home, 'menu'), 'utf8')).toContain(
      'set console="console=ttyS0,115200 console=tty1 ',
    );
  });

  test('the disk has the contract’s partitions, except the one for BIOS', async () => {
    const { paths, read } = await diskEsp(artifact('raw'));
    expect(paths).toContain('config.txt');
    const grub = await read('EFI/BOOT/grubaa64.efi');
    expect(grub.toString('latin1')).toContain('installed GRUB');
    expect(peMachine(grub)).toBe(AA64);
  });

  test('the OCI image declares the architecture arm64', async () => {
    expect(await ociConfig(artifact('oci'))).toMatchObject({ architecture: 'arm64', variant: 'v8' });
    const { status, stdout } = await factory(['check', `oci:${artifact('oci')}`]);
    expect(status, stdout).toBe(0);
  });
});

/** The architecture that this machine does not have. */
const FOREIGN = machineArch() === 'arm64' ? 'amd64' : 'arm64';

test('a machine that cannot run programs of the other architecture gets an error before anything is built', async () => {
  // Stands in for a kernel without an emulator.
  const bin = join(home, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'arch-test'), '#!/bin/sh\nexit 1\n');
  await chmod(join(bin, 'arch-test'), 0o755);
  const output = join(home, 'refused');
  const { status, stderr } = await factory(
    ['build', '--flavor', 'debian', '--arch', FOREIGN, '--output', output],
    { env: { PATH: `${bin}:${process.env['PATH']}` } },
  );
  expect(status, stderr).toBe(3);
  expect(stderr).toContain(`this machine cannot run the programs of an image for ${FOREIGN}`);
  expect(stderr).toContain('apt-get install qemu-user-static binfmt-support arch-test');
  expect(stderr).toContain(`update-binfmts --enable qemu-${FOREIGN === 'arm64' ? 'aarch64' : 'x86_64'}`);
  expect(stderr).not.toMatch(/bootstrap debian/);
  expect(await readdir(output).catch(() => 'none')).toBe('none');
});

// Takes ten minutes under emulation, so it runs only on request (docs/models.md).
describe.runIf(ALL)('Debian bookworm for arm64, built', () => {
  let build: Awaited<ReturnType<typeof arm64Build>>;
  beforeAll(async () => {
    build = await arm64Build();
  });

  test('writes every artifact under its name', () => {
    const files = build.report.manifest.artifacts.map(({ file }) => file);
    expect(files.every((file) => file.startsWith('kairos-debian-12-core-arm64-generic-v1.2.3.'))).toBe(true);
    expect(files).toHaveLength(5);
  });

  test('whose EFI programs are for arm64', async () => {
    for (const found of [await liveEsp(build.artifact('iso')), await diskEsp(build.artifact('raw'))]) {
      expect(found.paths).toEqual(expect.arrayContaining(['EFI/BOOT/BOOTAA64.EFI', 'EFI/BOOT/grubaa64.efi']));
      for (const path of found.paths.filter((name) => /\.efi$/i.test(name)))
        expect(peMachine(await found.read(path)), path).toBe(AA64);
    }
  });

  test('whose root is an OS for arm64, with our module in its initramfs', async () => {
    const root = join(home, 'root');
    const wanted = ['etc/kairos-release', 'boot', 'usr/bin/kairos-agent', 'etc/cos/bootargs.cfg'];
    await tool('unsquashfs', '-q', '-n', '-d', root, build.artifact('squashfs'), ...wanted);
    const release = await readFile(join(root, 'etc/kairos-release'), 'utf8');
    expect(release).toMatch(/^KAIROS_ARCH="arm64"$/m);
    expect(await readFile(join(root, 'etc/cos/bootargs.cfg'), 'utf8')).toContain(
      'console=ttyAMA0 console=ttyS0',
    );
    expect((await readFile(join(root, 'usr/bin/kairos-agent'))).readUInt16LE(18)).toBe(183);
    const names = await tool('sh', '-c', 'zstd -dc "$1" | cpio -t --quiet', 'sh', join(root, 'boot/initrd'));
    for (const name of ['lib/kairos/mounts.sh', 'lib/kairos/lib.sh']) expect(names).toContain(name);
    expect(names).toMatch(/ld-linux-aarch64/);
    expect(await ociConfig(build.artifact('oci'))).toMatchObject({ architecture: 'arm64', variant: 'v8' });
  });
});
