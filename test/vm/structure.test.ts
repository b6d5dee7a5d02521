import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LABEL } from '../../src/common/contract/labels.ts';
import { factory, TEST_HOME, type TestBuild, testBuild } from '../support/factory.ts';
import { tool } from '../support/tool.ts';
import { expectHealthyBoot } from './healthy-boot.ts';

const MIB = 1024 * 1024;
const SECTOR = 512;

interface Sfdisk {
  partitiontable: {
    label: string;
    id: string;
    lastlba: number;
    partitions: { start: number; size: number; type: string; uuid: string; name: string; attrs?: string }[];
  };
}

describe.each(['bookworm', 'trixie'])('artifacts of %s', (release) => {
  let build: TestBuild;
  let scratch: string;
  beforeAll(async () => {
    build = await testBuild(release);
    scratch = await mkdtemp(join(TEST_HOME, 'structure-'));
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  test('SHA256SUMS and manifest.json match the files', async () => {
    const sums = await readFile(join(build.output, 'SHA256SUMS'), 'utf8');
    const manifest = JSON.parse(await readFile(join(build.output, 'manifest.json'), 'utf8'));
    expect(manifest).toMatchObject({
      artifacts: build.report.manifest.artifacts,
      documents: build.report.manifest.documents,
    });
    expect(manifest.documents.map(({ kind }: { kind: string }) => kind).sort()).toEqual([
      'cyclonedx',
      'provenance',
      'spdx',
    ]);
    for (const line of sums.trim().split('\n')) {
      const [sum, file = ''] = line.split('  ');
      const all: { file: string; kind: string }[] = [...manifest.artifacts, ...manifest.documents];
      const entry = all.find((candidate) => candidate.file === file);
      expect(entry).toMatchObject({ sha256: sum, size: (await stat(join(build.output, file))).size });
      if (entry?.kind === 'raw') continue;
      expect(
        createHash('sha256')
          .update(await readFile(join(build.output, file)))
          .digest('hex'),
      ).toBe(sum);
    }
  });

  test('squashfs: zstd, 1 MiB blocks, a proper root directory, and the files of an OS', async () => {
    const file = build.artifact('squashfs');
    const facts = await tool('unsquashfs', '-s', file);
    expect(facts).toMatch(/Compression zstd/);
    expect(facts).toMatch(/Block size 1048576/);
    const listing = await tool('unsquashfs', '-lln', file);
    expect(listing).toMatch(/^drwxr-xr-x 0\/0 .* squashfs-root$/m);
    expect(listing).toMatch(/squashfs-root\/boot\/vmlinuz -> vmlinuz-/);
    expect(listing).toMatch(/-rwsr-xr-x 0\/0 .*squashfs-root\/usr\/bin\/sudo$/m);
    // No traces of the build, the engine or one machine.
    expect(listing).not.toMatch(/squashfs-root\/(kairos-build|run\/\.containerenv|etc\/ssh\/ssh_host_)/);
    expect(listing).not.toMatch(/^[bc]/m);
  });

  test('iso: boots by El Torito on BIOS and UEFI, is a hybrid with a valid GPT, and contains the tree of the contract', async () => {
    const file = build.artifact('iso');
    const report = await tool(
      'xorriso',
      '-report_about',
      'WARNING',
      '-indev',
      file,
      '-report_el_torito',
      'plain',
      '-report_system_area',
      'plain',
    );
    expect(report).toMatch(/System area summary: MBR .*grub2-mbr .*GPT/);
    expect(report).toMatch(/El Torito boot img\s*:\s*1\s+BIOS\s+y\s+none/);
    expect(report).toMatch(/El Torito boot img\s*:\s*2\s+UEFI\s+y\s+none/);
    expect(await tool('blkid', '-o', 'value', '-s', 'LABEL', file)).toBe(LABEL.live);
    const table = JSON.parse(await tool('sfdisk', '-J', file)) as Sfdisk;
    expect(table.partitiontable.label).toBe('gpt');
    const paths = await tool(
      'xorriso',
      '-report_about',
      'WARNING',
      '-indev',
      file,
      '-find',
      '/',
      '-type',
      'f',
    );
    for (const path of [
      '/boot/kernel',
      '/boot/initrd',
      '/rootfs.squashfs',
      '/boot/grub2/grub.cfg',
      '/boot/uefi.img',
      '/EFI/BOOT/grub.cfg',
    ]) {
      expect(paths).toContain(`'${path}'`);
    }
    await tool(
      'xorriso',
      '-report_about',
      'WARNING',
      '-osirrox',
      'on',
      '-indev',
      file,
      '-extract',
      '/boot/uefi.img',
      join(scratch, 'uefi.img'),
    );
    const esp = await tool('mdir', '-b', '-/', '-i', join(scratch, 'uefi.img'), '::');
    expect(esp).toMatch(/::\/EFI\/BOOT\/BOOTX64\.EFI/);
    expect(esp).toMatch(/::\/EFI\/BOOT\/grubx64\.efi/);
    expect(await tool('fsck.fat', '-n', join(scratch, 'uefi.img'))).toMatch(/files/);
  });

  test('raw: the partition table of the contract, and valid filesystems with its files', async () => {
    const file = build.artifact('raw');
    expect(await tool('sgdisk', '--verify', file)).toMatch(/No problems found/);
    const { partitiontable } = JSON.parse(await tool('sfdisk', '-J', file)) as Sfdisk;
    expect(partitiontable.id.toLowerCase()).toBe('2ceff841-4c1d-5a14-8e46-ed3aeb621093');
    expect(partitiontable.partitions.map(({ name }) => name)).toEqual([
      'bios',
      'efi',
      'oem',
      'recovery',
      'state',
      'persistent',
    ]);
    expect(partitiontable.partitions.every(({ start }) => (start * SECTOR) % MIB === 0)).toBe(true);

    const expected = {
      oem: { label: LABEL.oem, files: { '/grubenv': 1024 } },
      recovery: { label: LABEL.recovery, files: { '/cOS/recovery.img': undefined } },
      state: {
        label: LABEL.state,
        files: {
          '/cOS/active.img': undefined,
          '/cOS/passive.img': undefined,
          '/grub2/grub.cfg': undefined,
          '/grubmenu': undefined,
        },
      },
      persistent: { label: LABEL.persistent, files: {} },
    };
    for (const [name, { label, files }] of Object.entries(expected)) {
      const partition = partitiontable.partitions.find((candidate) => candidate.name === name);
      const image = join(scratch, `${name}.img`);
      const cut = [
        'bs=1M',
        `skip=${((partition?.start ?? 0) * SECTOR) / MIB}`,
        `count=${((partition?.size ?? 0) * SECTOR) / MIB}`,
      ];
      await tool('dd', `if=${file}`, `of=${image}`, ...cut, 'conv=sparse', 'status=none');
      await tool('e2fsck', '-fn', image);
      expect(await tool('blkid', '-o', 'value', '-s', 'LABEL', image)).toBe(label);
      expect(await tool('blkid', '-o', 'value', '-s', 'TYPE', image)).toBe('ext4');
      for (const [path, size] of Object.entries(files)) {
        const facts = await tool('debugfs', '-R', `stat ${path}`, image);
        expect(facts, path).toMatch(size === undefined ? /Type: regular/ : new RegExp(`Size: ${size}\\b`));
      }
      if (name !== 'state') continue;
      for (const [slot, slotLabel] of [
        ['active', LABEL.active],
        ['passive', LABEL.passive],
      ] as const) {
        await tool('debugfs', '-R', `dump /cOS/${slot}.img ${join(scratch, slot)}`, image);
        await tool('e2fsck', '-fn', join(scratch, slot));
        expect(await tool('blkid', '-o', 'value', '-s', 'LABEL', join(scratch, slot))).toBe(slotLabel);
      }
    }
    const efi = (partitiontable.partitions[1]?.start ?? 0) * SECTOR;
    expect(await tool('mdir', '-b', '-/', '-i', `${file}@@${efi}`, '::')).toMatch(
      /::\/EFI\/debian\/grub\.cfg/,
    );
  });

  test('qcow2: valid, compressed, and the same disk as the raw', async () => {
    expect(await tool('qemu-img', 'check', build.artifact('qcow2'))).toMatch(/No errors were found/);
    await tool(
      'qemu-img',
      'compare',
      '-f',
      'raw',
      '-F',
      'qcow2',
      build.artifact('raw'),
      build.artifact('qcow2'),
    );
    expect((await stat(build.artifact('qcow2'))).size).toBeLessThan(
      (await stat(build.artifact('raw'))).size / 4,
    );
  });

  // Other tests boot bookworm.
  if (release === 'trixie') {
    test('raw: boots into a healthy system', () => expectHealthyBoot(build.artifact('raw'), 'bios'));
  }

  test('oci: an image that passes the check and runs as a container', async () => {
    const layout = build.artifact('oci');
    const checked = await factory(['check', `oci:${layout}`, '--json']);
    expect(checked.status, checked.stdout).toBe(0);
    const store = [
      '--root',
      join(scratch, 'store'),
      '--runroot',
      join(scratch, 'run'),
      '--storage-driver',
      'overlay',
    ];
    // buildah derives an image name from the path, and not every path is a valid name.
    await symlink(layout, join(scratch, 'image'));
    const inScratch = [
      '-c',
      'cd "$1" && shift && exec "$@"',
      'sh',
      scratch,
      'buildah',
      ...store,
      'from',
      'oci:image',
    ];
    const container = (await tool('sh', ...inScratch)).trim();
    const script =
      '. /etc/kairos-release; { echo "$KAIROS_VERSION $(id -u)"; command -v mount; } >/root/proof';
    await tool('buildah', ...store, 'run', '--isolation', 'chroot', container, '--', '/bin/sh', '-c', script);
    const root = (await tool('buildah', ...store, 'mount', container)).trim();
    expect(await readFile(join(root, 'root/proof'), 'utf8')).toBe('v1.2.3 0\n/usr/bin/mount\n');
    await tool('buildah', ...store, 'rm', '--all');
    await tool('buildah', ...store, 'rmi', '--all');
  });
});
