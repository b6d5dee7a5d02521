import { describe, expect, test } from 'vitest';
import { formatPartition, releaseDisk, sfdiskScript, writeTable } from '../../../../src/agent/deploy/disk.ts';
import { MIB, planDisk } from '../../../../src/common/contract/partitions.ts';
import { testHost } from '../support/test-host.ts';

const LAYOUT = planDisk({ systemImage: 1000, recoveryImage: 1000, oem: 64, persistent: 256 });

describe('sfdiskScript', () => {
  test('describes the layout in sectors of the disk', () => {
    const lines = sfdiskScript(LAYOUT, 512).split('\n');
    expect(lines.slice(0, 4)).toEqual([
      'label: gpt',
      'label-id: 2ceff841-4c1d-5a14-8e46-ed3aeb621093',
      'unit: sectors',
      'sector-size: 512',
    ]);
    expect(lines[5]).toMatch(
      /^1 : start=2048, size=2048, type=21686148-\S+, uuid=\S+, name="bios", attrs="LegacyBIOSBootable"$/,
    );
    expect(lines[6]).toMatch(/^2 : start=4096, .* name="efi", attrs="RequiredPartition"$/);
    expect(lines[7]).toMatch(/ name="oem"$/);
    expect(sfdiskScript(LAYOUT, 4096)).toContain(`start=${MIB / 4096}, size=${MIB / 4096}`);
  });
});

describe('releaseDisk', () => {
  const files = { '/sys/class/block/vda/vda1/partition': '1\n', '/sys/class/block/vda/size': '1\n' };

  test('refuses a disk with a mounted partition, and reports the mount point', async () => {
    await using host = await testHost({
      files: { ...files, '/proc/self/mounts': '/dev/vda1 /mnt/my\\040data ext4 rw 0 0\n' },
    });
    await expect(releaseDisk(host, '/dev/vda')).rejects.toMatchObject({
      kind: 'usage',
      details: ['/dev/vda1 is mounted at /mnt/my data'],
    });
  });

  test('refuses a disk with a mapping that cannot be removed', async () => {
    await using host = await testHost({
      files: {
        ...files,
        '/sys/class/block/vda/vda1/holders/dm-0': '',
        '/sys/class/block/dm-0/dm/name': 'vg-root\n',
      },
    });
    await expect(releaseDisk(host, '/dev/vda')).rejects.toThrow('/dev/vda is in use by vg-root');
    expect(host.commands()).toEqual(['vgchange -an', 'dmsetup remove vg-root']);
  });

  test('accepts an unused disk', async () => {
    await using host = await testHost({ files, missing: ['vgchange'] });
    await releaseDisk(host, '/dev/vda');
    expect(host.commands()).toEqual([]);
  });
});

describe('writeTable', () => {
  test('returns the devices once they exist', async () => {
    const nodes = Object.fromEntries([1, 2, 3, 4, 5, 6].map((number) => [`/dev/nvme0n1p${number}`, '']));
    await using host = await testHost({ files: { ...nodes, '/dev/nvme0n1': '\0'.repeat(512) } });
    const devices = await writeTable(host, '/dev/nvme0n1', { layout: LAYOUT, sector: 512 });
    expect(devices.get('state')).toBe('/dev/nvme0n1p5');
    expect(host.commands()[0]).toBe('wipefs --all --quiet /dev/nvme0n1');
    expect(host.calls[1]?.options.input).toBe(sfdiskScript(LAYOUT, 512));
    expect(await host.readText('/dev/nvme0n1')).toContain('The installation of this machine was interrupted');
  });

  test('fails with a remedy when a partition does not appear', async () => {
    await using host = await testHost({ files: { '/dev/vda': '\0'.repeat(512) } });
    await expect(writeTable(host, '/dev/vda', { layout: LAYOUT, sector: 512 })).rejects.toMatchObject({
      kind: 'step',
    });
  });
});

describe('formatPartition', () => {
  const partition = LAYOUT.partitions[5];
  if (partition === undefined) throw new Error('no persistent partition');

  test.each([
    [
      { filesystem: 'ext4', label: 'COS_PERSISTENT' },
      /^mke2fs .*uninit_bg.* -L COS_PERSISTENT -m 5 \/dev\/x$/,
    ],
    [{ filesystem: 'ext4', label: 'COS_STATE' }, /^mke2fs (?!.*uninit_bg).* -L COS_STATE -m 0 \/dev\/x$/],
    [{ filesystem: 'vfat', label: 'COS_GRUB' }, /^mkfs.vfat -n COS_GRUB \/dev\/x$/],
    [{ filesystem: 'ext2', label: 'DATA' }, /^mkfs.ext2 -F -q -L DATA \/dev\/x$/],
    [{ filesystem: 'xfs', label: 'DATA' }, /^mkfs.xfs -f -L DATA \/dev\/x$/],
  ])('%j', async (wanted, command) => {
    await using host = await testHost();
    await formatPartition(host, '/dev/x', { ...partition, ...wanted });
    expect(host.commands()).toEqual([expect.stringMatching(command)]);
  });

  test('leaves a raw partition alone', async () => {
    await using host = await testHost();
    const { filesystem: _, ...raw } = partition;
    await formatPartition(host, '/dev/x', raw);
    expect(host.commands()).toEqual([]);
  });
});
