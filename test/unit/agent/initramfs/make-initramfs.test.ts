import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { firmwareNotice } from '../../../../src/agent/initramfs/firmware.ts';
import { makeInitramfs } from '../../../../src/agent/initramfs/make-initramfs.ts';
import { failureOf } from '../../support/failure.ts';
import { testHost } from '../support/test-host.ts';
import { elfFile } from './support/elf-file.ts';

const KERNEL = '6.1.0-1-amd64';
const HOME = `/lib/modules/${KERNEL}`;
const SCRIPTS = '/usr/lib/kairos/initramfs';
const SETS = `
required: { ext4: CONFIG_EXT4_FS, loop: CONFIG_BLK_DEV_LOOP }
sets:
  - { name: filesystems, modules: ext4 loop missing }
  - { name: disks, directories: drivers/ata }
  - { name: boards, modules: board, arches: arm64 }
  - { name: cards, archive: network, directories: drivers/net }
left-out: [{ why: old, names: pata_old }]
commands: sh mount modprobe switch_root
programs: e2fsck
optional: mdadm lvm
network: wget
`;

type Files = Record<string, Uint8Array | string>;

/** An image with a kernel whose modules are compressed in all ways but xz. */
const FILES: Files = {
  [`${SCRIPTS}/modules.yaml`]: SETS,
  [`${SCRIPTS}/init`]: '#!/bin/sh\n',
  [`${SCRIPTS}/lib.sh`]: '# lib\n',
  [`/boot/config-${KERNEL}`]:
    'CONFIG_BLK_DEV_INITRD=y\nCONFIG_DEVTMPFS=y\nCONFIG_TMPFS=y\nCONFIG_RD_ZSTD=y\nCONFIG_SQUASHFS_ZSTD=y\n',
  [`${HOME}/modules.dep`]: [
    'kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko',
    'kernel/lib/crc16.ko:',
    'kernel/lib/crc32c-generic.ko:',
    'kernel/drivers/ata/ahci.ko.gz: kernel/drivers/ata/libata.ko.zst',
    'kernel/drivers/ata/libata.ko.zst:',
    'kernel/drivers/ata/pata_old.ko:',
    'kernel/drivers/board.ko:',
    'kernel/drivers/net/card.ko: kernel/lib/crc16.ko',
    '',
  ].join('\n'),
  [`${HOME}/modules.softdep`]: '# Soft dependencies\nsoftdep ext4 pre: crypto-crc32c\n',
  [`${HOME}/modules.builtin`]: 'kernel/drivers/block/loop.ko\n',
  [`${HOME}/modules.alias`]: [
    '# Aliases',
    'alias crypto-crc32c crc32c_generic',
    'alias pci:v*d*sv*sd*bc01sc06i01* ahci',
    'alias pci:v00000000* pata_old',
    'alias pci:v00000001* card',
    '',
  ].join('\n'),
  [`${HOME}/kernel/fs/ext4/ext4.ko`]: 'ext4',
  [`${HOME}/kernel/lib/crc16.ko`]: 'crc16',
  [`${HOME}/kernel/lib/crc32c-generic.ko`]: 'crc32c',
  [`${HOME}/kernel/drivers/ata/ahci.ko.gz`]: gzipSync(
    elfFile({ info: ['license=GPL', 'firmware=there.fw', 'firmware=missing.fw'] }),
  ),
  [`${HOME}/kernel/drivers/ata/libata.ko.zst`]: zstdCompressSync(Buffer.from('libata')),
  [`${HOME}/kernel/drivers/ata/pata_old.ko`]: 'old',
  [`${HOME}/kernel/drivers/board.ko`]: 'board',
  [`${HOME}/kernel/drivers/net/card.ko`]: elfFile({ info: ['firmware=card.fw'] }),
  '/lib/firmware/there.fw.xz': 'firmware',
  '/etc/modprobe.d/own.conf': 'blacklist own\n',
  '/usr/lib/modprobe.d/own.conf': 'blacklist theirs\n',
  '/bin/busybox': 'busybox',
  '/sbin/e2fsck': 'e2fsck',
};

async function imageWith(changes: Record<string, Uint8Array | string | undefined> = {}, arch = 'amd64') {
  const host = await testHost({
    arch,
    run: ({ args }) =>
      args[0] === '--list' ? 'sh\nmount\nmodprobe\nswitch_root\ne2fsck\nwget\n' : undefined,
  });
  for (const [path, content] of Object.entries({ ...FILES, ...changes })) {
    if (content === undefined) continue;
    await mkdir(dirname(join(host.root, path)), { recursive: true });
    await writeFile(join(host.root, path), content);
  }
  return host;
}

const options = { kernel: KERNEL, scripts: SCRIPTS, epoch: 1 };

/** Paths and contents of an archive. */
function unpack(archive: Buffer): Map<string, string> {
  const found = new Map<string, string>();
  for (let at = 0; at + 110 <= archive.length; ) {
    const field = (index: number) =>
      Number.parseInt(archive.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    const [size, names] = [field(6), field(11)];
    const name = archive.toString('utf8', at + 110, at + 110 + names - 1);
    const start = Math.ceil((at + 110 + names) / 4) * 4;
    if (name === 'TRAILER!!!') break;
    found.set(name, archive.toString('utf8', start, start + size));
    at = Math.ceil((start + size) / 4) * 4;
  }
  return found;
}

describe('the initramfs', () => {
  test('contains the selected modules, unpacked, with tables, firmware, programs and scripts', async () => {
    await using host = await imageWith();
    const { content, modules } = await makeInitramfs(host, options);
    expect(modules).toEqual([
      'kernel/drivers/ata/ahci.ko.gz',
      'kernel/drivers/ata/libata.ko.zst',
      'kernel/fs/ext4/ext4.ko',
      'kernel/lib/crc16.ko',
      'kernel/lib/crc32c-generic.ko',
    ]);
    const files = unpack(zstdDecompressSync(content));
    const home = `usr${HOME}`;
    expect(files.get(`${home}/kernel/drivers/ata/libata.ko`)).toBe('libata');
    expect(files.get(`${home}/modules.dep`)).toBe(
      [
        'kernel/drivers/ata/ahci.ko: kernel/drivers/ata/libata.ko',
        'kernel/drivers/ata/libata.ko:',
        'kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko kernel/lib/crc32c-generic.ko',
        'kernel/lib/crc16.ko:',
        'kernel/lib/crc32c-generic.ko:',
        '',
      ].join('\n'),
    );
    expect(files.get(`${home}/modules.alias`)).toBe(
      'alias crypto-crc32c crc32c_generic\nalias pci:v*d*sv*sd*bc01sc06i01* ahci\n',
    );
    expect(files.get('usr/lib/firmware/there.fw.xz')).toBe('firmware');
    expect(files.get('etc/modprobe.d/own.conf')).toBe('blacklist own\n');
    expect(files.get('usr/bin/busybox')).toBe('busybox');
    expect(files.get('usr/bin/mount')).toBe('busybox');
    expect(files.get('usr/sbin/modprobe')).toBe('../bin/busybox');
    expect(files.get('usr/sbin/e2fsck')).toBe('e2fsck');
    expect(files.get('init')).toBe('#!/bin/sh\n');
    expect(files.get('usr/lib/kairos/lib.sh')).toBe('# lib\n');
    expect((await makeInitramfs(host, options)).content).toEqual(content);
  });

  test('is compressed with gzip for a kernel that is not known to read zstd', async () => {
    await using host = await imageWith({
      [`/boot/config-${KERNEL}`]: undefined,
      [`${HOME}/modules.builtin`]: 'kernel/drivers/block/loop.ko\n',
    });
    expect(unpack(gunzipSync((await makeInitramfs(host, options)).content)).has('init')).toBe(true);
  });

  test('begins with the microcode that the image has', async () => {
    await using host = await imageWith({
      '/lib/firmware/intel-ucode/06-8e-09': 'one',
      '/lib/firmware/intel-ucode/06-8e-0a': 'two',
      '/lib/firmware/amd-ucode/microcode_amd.bin': 'amd',
    });
    const early = unpack((await makeInitramfs(host, options)).content);
    expect(early.get('kernel/x86/microcode/GenuineIntel.bin')).toBe('onetwo');
    expect(early.get('kernel/x86/microcode/AuthenticAMD.bin')).toBe('amd');
  });

  test('names firmware that the image lacks, with the modules that ask for it', async () => {
    await using host = await imageWith();
    const { missing } = await makeInitramfs(host, { ...options, network: true });
    expect(missing).toEqual([
      { module: 'ahci', name: 'missing.fw' },
      { module: 'card', name: 'card.fw' },
    ]);
    expect(firmwareNotice(missing)).toMatch(/ahci \(missing\.fw\), card \(card\.fw\)\. Add the package/);
    expect(firmwareNotice([...missing, { module: 'card', name: 'b.fw' }])).toContain(
      'card (b.fw and 1 more)',
    );
    expect(firmwareNotice([])).toBe('');
  });

  test('has an archive that adds network cards, whose tables name the modules of both', async () => {
    await using host = await imageWith();
    const { network, modules } = await makeInitramfs(host, { ...options, network: true });
    expect(network?.modules).toEqual(['kernel/drivers/net/card.ko']);
    const files = unpack(zstdDecompressSync(network?.content ?? ''));
    const home = `usr${HOME}`;
    const listed = files.get(`${home}/modules.dep`)?.match(/^[^:]+/gm);
    expect(listed).toEqual(
      [...modules, 'kernel/drivers/net/card.ko'].map((path) => path.replace(/\.(gz|zst)$/, '')).sort(),
    );
    expect(files.get(`${home}/modules.alias`)).toMatch(/ahci\n[\s\S]*card\n/);
    expect([...files.keys()].filter((path) => path.endsWith('.ko'))).toEqual([
      `${home}/kernel/drivers/net/card.ko`,
    ]);
    // Only where it is asked for.
    expect((await makeInitramfs(host, options)).network).toBeUndefined();
  });

  test('takes mdadm and lvm along where the image has them', async () => {
    await using host = await imageWith({ '/usr/sbin/mdadm': 'mdadm' });
    const files = unpack(zstdDecompressSync((await makeInitramfs(host, options)).content));
    expect([files.get('usr/sbin/mdadm'), files.get('usr/sbin/lvm')]).toEqual(['mdadm', undefined]);
  });

  test('has the modules of boards only on their architecture', async () => {
    await using host = await imageWith({}, 'arm64');
    expect((await makeInitramfs(host, options)).modules).toContain('kernel/drivers/board.ko');
  });

  test('consists of the own programs of an image without BusyBox, and has the tables of kmod', async () => {
    await using host = await imageWith({
      '/bin/busybox': undefined,
      '/usr/bin/sh': 'shell',
      '/usr/bin/mount': 'mount',
      '/usr/sbin/modprobe': 'kmod',
      '/usr/sbin/switch_root': 'switch',
    });
    const files = unpack(zstdDecompressSync((await makeInitramfs(host, options)).content));
    expect([files.get('usr/bin/sh'), files.get('usr/sbin/modprobe')]).toEqual(['shell', 'kmod']);
    expect(host.calls.map(({ program }) => program)).toEqual(['depmod']);
  });
});

describe('refuses', () => {
  const config = FILES[`/boot/config-${KERNEL}`];
  test.each([
    ['no index', { [`${HOME}/modules.dep`]: undefined }, 'has no modules.dep'],
    [
      'an index older than a removal',
      { [`${HOME}/kernel/lib/crc16.ko`]: undefined },
      'lists a module that is not there: kernel/lib/crc16.ko',
    ],
    [
      'an index older than an addition',
      { [`${HOME}/extra/new.ko.xz`]: 'new' },
      'does not list all modules: extra/new.ko.xz',
    ],
    ['a kernel without loop devices', { [`${HOME}/modules.builtin`]: '' }, 'it lacks CONFIG_BLK_DEV_LOOP'],
    [
      'a kernel without device nodes',
      { [`/boot/config-${KERNEL}`]: String(config).replace('CONFIG_DEVTMPFS=y', '') },
      'it lacks CONFIG_DEVTMPFS',
    ],
    [
      'a kernel that cannot read the squashfs of the factory',
      { [`/boot/config-${KERNEL}`]: String(config).replace('CONFIG_SQUASHFS_ZSTD=y', '') },
      'it lacks CONFIG_SQUASHFS_ZSTD',
    ],
    ['an image without a program', { '/sbin/e2fsck': undefined }, 'the image has no e2fsck'],
    ['an image without a shell', { '/bin/busybox': undefined }, /^the image has no sh, mount, modprobe/],
    [
      'an image without the framework',
      { [`${SCRIPTS}/modules.yaml`]: undefined },
      'the image has no /usr/lib/kairos/initramfs/modules.yaml',
    ],
  ])('%s', async (_, changes, message) => {
    await using host = await imageWith(changes);
    expect((await failureOf(() => makeInitramfs(host, options))).message).toMatch(message);
  });
});
