import { describe, expect, it } from 'vitest';
import { layoutPlugin } from '../../../../../src/agent/stages/plugins/layout.ts';
import { MIB } from '../../../../../src/common/contract/partitions.ts';
import { uuidFromName } from '../../../../../src/common/contract/uuid.ts';
import { type Call, type TestHost, testHost } from '../../support/test-host.ts';

interface Part {
  readonly node: string;
  start: number;
  size: number;
  readonly name?: string;
}

/** A machine with one disk and a fake sfdisk that keeps a table. */
interface Disk {
  readonly mib: number;
  /** Absent on a disk without a table. */
  table?: { id: string; partitions: Part[] };
  /** Device by label of its filesystem. */
  readonly labels?: Record<string, string>;
  /** Filesystem by device. */
  readonly types?: Record<string, string>;
  readonly ext?: string;
}

const NONE = { status: 2 };

function answer(disk: Disk, { program, args, options }: Call): string | { status: number } | undefined {
  const device = args.at(-1) ?? '';
  switch (program) {
    case 'lsblk':
      return device.startsWith('/dev/vda') ? `${device} part\n/dev/vda disk\n` : { status: 1 };
    case 'blkid': {
      const label = args[0] === '-L' ? disk.labels?.[args[1] ?? ''] : disk.types?.[device];
      return label ?? NONE;
    }
    case 'dumpe2fs':
      return disk.ext ?? '';
    case 'sh':
      return args[1] === '/oem/pick.sh data' ? 'looking\n/dev/vda\n' : { status: 1 };
    case 'blockdev':
      return String(90 * MIB);
    case 'sfdisk':
      return sfdisk(disk, args, options.input ?? '');
    default:
      return undefined;
  }
}

function sfdisk(disk: Disk, args: readonly string[], input: string): string | { status: number } | undefined {
  const number = (text: string, key: string) => Number(new RegExp(`${key}=(\\d+)`).exec(text)?.[1]);
  if (args[0] === '--json') {
    return disk.table ? JSON.stringify({ partitiontable: { label: 'gpt', ...disk.table } }) : { status: 1 };
  }
  if (input.startsWith('label: gpt')) {
    disk.table = { id: (/label-id: (\S+)/.exec(input)?.[1] ?? '').toUpperCase(), partitions: [] };
  }
  const partitions = disk.table?.partitions ?? [];
  if (args.includes('--append')) {
    for (const line of input.trim().split('\n')) {
      const name = /name="([^"]*)"/.exec(line)?.[1];
      const node = `/dev/vda${partitions.length + 1}`;
      partitions.push({
        node,
        start: number(line, 'start'),
        size: number(line, 'size'),
        ...(name ? { name } : {}),
      });
    }
  }
  const changed = partitions[Number(args[args.indexOf('--partno') + 1]) - 1];
  if (args.includes('--partno') && changed) {
    changed.start = number(input, 'start');
    changed.size = number(input, 'size');
  }
  return undefined;
}

function machine(disk: Disk, files: Record<string, string> = {}): Promise<TestHost> {
  return testHost({
    files: {
      '/sys/class/block/vda/size': String(disk.mib * 2048),
      '/sys/class/block/vda/queue/logical_block_size': '512\n',
      ...Object.fromEntries([1, 2, 3].map((number) => [`/dev/vda${number}`, ''])),
      ...files,
    },
    run: (call) => answer(disk, call),
  });
}

const context = (host: TestHost) => ({ host, step: {}, expand: async (text: string) => text });
const one = (): Part[] => [{ node: '/dev/vda1', start: 2048, size: 20_480, name: 'oem' }];
const table = (partitions = one()) => ({ id: 'ABC', partitions });
const device = { path: '/dev/vda' };

describe('layout', () => {
  it('adds missing partitions, creates their filesystems, then grows the last to the end', async () => {
    const disk: Disk = {
      mib: 100,
      table: table(),
      labels: { COS_OEM: '/dev/vda1' },
      types: { '/dev/vda3': 'ext4' },
    };
    await using host = await machine(disk);
    await layoutPlugin.run(context(host), {
      device: { label: 'COS_OEM', path: '/dev/nothing' },
      expand_partition: { size: 0 },
      add_partitions: [
        { fsLabel: 'COS_OEM', size: 64 },
        { fsLabel: 'DATA', pLabel: 'data', size: 20 },
        { fsLabel: 'COS_PERSISTENT', pLabel: 'persistent', size: 10, filesystem: 'ext4' },
      ],
    });
    expect(disk.table?.partitions.slice(1)).toEqual([
      { node: '/dev/vda2', start: 22_528, size: 40_960, name: 'data' },
      { node: '/dev/vda3', start: 63_488, size: 100 * 2048 - 33 - 63_488, name: 'persistent' },
    ]);
    const append = host.calls.find(({ args }) => args.includes('--append'));
    expect(append?.options.input).toContain(`uuid=${uuidFromName('COS_PERSISTENT')}, name="persistent"`);
    const commands = host.commands();
    expect(commands).toContain('mkfs.ext2 -F -q -L DATA /dev/vda2');
    expect(commands.some((line) => line.startsWith('mke2fs') && line.endsWith('/dev/vda3'))).toBe(true);
    expect(commands.indexOf('partx --update /dev/vda')).toBeLessThan(
      commands.indexOf('mkfs.ext2 -F -q -L DATA /dev/vda2'),
    );
    expect(commands.slice(-2)).toEqual(['e2fsck -f -p /dev/vda3', 'resize2fs /dev/vda3']);
  });

  it('takes the disk that a script prints', async () => {
    const disk: Disk = { mib: 100, table: table() };
    await using host = await machine(disk);
    await layoutPlugin.run(context(host), {
      device: { path: 'script:///oem/pick.sh data' },
      add_partitions: [{ fsLabel: 'DATA', pLabel: 'data', size: 20 }],
    });
    expect(disk.table?.partitions.map(({ name }) => name)).toContain('data');
  });

  it('changes nothing the second time', async () => {
    const partitions = [
      ...one(),
      { node: '/dev/vda2', start: 22_528, size: 100 * 2048 - 33 - 22_528, name: 'data' },
    ];
    const disk: Disk = {
      mib: 100,
      table: table(partitions),
      types: { '/dev/vda2': 'ext4' },
      ext: 'Block count:   22000\nBlock size:    4096\n',
    };
    await using host = await machine({ ...disk, labels: { DATA: '/dev/vda2' } });
    await layoutPlugin.run(context(host), {
      device,
      expand_partition: { size: 0 },
      add_partitions: [{ fsLabel: 'DATA', pLabel: 'data', size: 0 }],
    });
    expect(host.commands().filter((line) => /partx|mkfs|--append|--partno|resize|e2fsck/.test(line))).toEqual(
      [],
    );
  });

  it('expands to a size before it adds partitions, and only while all are missing', async () => {
    const disk: Disk = { mib: 100, table: table(), types: { '/dev/vda1': 'ext4' } };
    await using host = await machine(disk, { '/proc/self/mounts': '/dev/vda1 /oem ext4 rw 0 0\n' });
    const layout = {
      device,
      expand_partition: { size: 40 },
      add_partitions: [{ pLabel: 'a', filesystem: 'none', size: 5 }],
    };
    await layoutPlugin.run(context(host), layout);
    const after = [
      { node: '/dev/vda1', start: 2048, size: 81_920, name: 'oem' },
      { node: '/dev/vda2', start: 83_968, size: 10_240, name: 'a' },
    ];
    expect(disk.table?.partitions).toEqual(after);
    // Mounted: grows online, without a check.
    expect(host.commands()).toContain('resize2fs /dev/vda1');
    expect(host.commands().some((line) => /e2fsck|mkfs/.test(line))).toBe(false);
    await layoutPlugin.run(context(host), {
      ...layout,
      add_partitions: [{ pLabel: 'a', filesystem: 'none', size: 5 }],
    });
    expect(disk.table?.partitions).toEqual(after);
  });

  it('formats a partition without a filesystem, and leaves one that has one', async () => {
    const partitions = [
      { node: '/dev/vda1', start: 2048, size: 2048, name: 'a' },
      { node: '/dev/vda2', start: 4096, size: 2048, name: 'b' },
    ];
    await using host = await machine({ mib: 100, table: table(partitions), types: { '/dev/vda2': 'xfs' } });
    await layoutPlugin.run(context(host), {
      device,
      add_partitions: [
        { pLabel: 'a', fsLabel: 'A', filesystem: 'swap' },
        { pLabel: 'b', fsLabel: 'B' },
      ],
    });
    expect(host.commands().filter((line) => line.startsWith('mk'))).toEqual(['mkswap --label A /dev/vda1']);
  });

  it('initializes a disk once', async () => {
    const disk: Disk = { mib: 100 };
    await using host = await machine(disk);
    const layout = { device: { path: '/dev/vda', init_disk: true, disk_name: 'MINE' } };
    await layoutPlugin.run(context(host), layout);
    expect(disk.table?.id.toLowerCase()).toBe(uuidFromName('MINE'));
    disk.table?.partitions.push(...one());
    await layoutPlugin.run(context(host), layout);
    expect(disk.table?.partitions).toHaveLength(1);
    expect(host.commands().filter((line) => line.startsWith('wipefs'))).toHaveLength(1);
  });

  it.each([
    [
      'an unknown filesystem',
      { device, add_partitions: [{ filesystem: 'ntfs' }] },
      'the filesystem ntfs is not supported',
    ],
    [
      'a long label',
      { device, add_partitions: [{ filesystem: 'xfs', fsLabel: 'COS_PERSISTENT' }] },
      'is longer than 12 characters, the limit of xfs',
    ],
    ['init_disk without a path', { device: { label: 'X', init_disk: true } }, 'requires the path'],
    ['a label that is nowhere', { device: { label: 'X' } }, 'no filesystem has the label X'],
    ['no device', { device: {} }, 'has no device'],
    ['what is not on a disk', { device: { path: '/dev/zero' } }, '/dev/zero is not on a disk'],
    ['a disk without GPT', { device, expand_partition: { size: 0 } }, 'has no GPT'],
  ])('refuses %s', async (_, layout, message) => {
    await using host = await machine({ mib: 100 });
    await expect(layoutPlugin.run(context(host), layout)).rejects.toThrow(message);
    expect(host.commands().some((line) => /wipefs|--append|mkfs/.test(line))).toBe(false);
  });

  it('refuses partitions that do not fit', async () => {
    await using host = await machine({ mib: 100, table: table() });
    await expect(
      layoutPlugin.run(context(host), { device, add_partitions: [{ size: 500 }] }),
    ).rejects.toThrow('a partition needs 500');
  });

  it('does not touch a disk in use', async () => {
    await using host = await machine({ mib: 100 }, { '/proc/self/mounts': '/dev/vda /mnt ext4 rw 0 0\n' });
    const layout = { device: { path: '/dev/vda', init_disk: true } };
    await expect(layoutPlugin.run(context(host), layout)).rejects.toThrow('in use');
  });
});
