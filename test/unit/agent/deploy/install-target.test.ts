import { describe, expect, test } from 'vitest';
import { installOptions } from '../../../../src/agent/deploy/install-options.ts';
import { existingTarget, prepareDisk } from '../../../../src/agent/deploy/install-target.ts';
import { type TestHost, testHost } from '../support/test-host.ts';

const GIB = 1024 ** 3;
const PARTITIONS = ['vda', 'vdb'].flatMap((disk) => [1, 2, 3, 4, 5, 6].map((number) => ({ disk, number })));

interface Machine {
  /** Bytes of a sector of /dev/vda. */
  readonly sector?: number;
  readonly uefi?: boolean;
  /** Disks that have the labels of a system. */
  readonly systems?: readonly string[];
}

/** A machine with two disks. */
async function machine({ sector = 512, uefi = true, systems = [] }: Machine = {}): Promise<TestHost> {
  const nodes = PARTITIONS.map(({ disk, number }) => [`/dev/${disk}${number}`, '']);
  const entries = PARTITIONS.map(({ disk, number }) => [
    `/sys/block/${disk}/${disk}${number}/partition`,
    `${number}\n`,
  ]);
  const host = await testHost({
    arch: 'amd64',
    files: {
      ...Object.fromEntries([...nodes, ...entries]),
      ...Object.fromEntries(
        PARTITIONS.map(({ disk, number }) => [`/sys/block/${disk}/${disk}${number}/start`, '0\n']),
      ),
      '/dev/vda': '\0'.repeat(4096),
      '/sys/class/block/vda/size': String((64 * GIB) / 512),
      '/sys/class/block/vda/queue/logical_block_size': String(sector),
      ...(uefi ? { '/sys/firmware/efi/fw_platform_size': '64\n' } : {}),
    },
    run: ({ program, args }) => {
      if (program === 'lsblk') return args.includes('--json') ? DISKS : '';
      if (program === 'readlink') return args[1] ?? '';
      if (program !== 'blkid') return '';
      const number = LABELS[args.at(-1)?.replace('LABEL=', '') ?? ''];
      const found = number === undefined ? [] : systems.map((disk) => `/dev/${disk}${number}\n`);
      return {
        status: found.length > 0 ? 0 : 2,
        stdout: args.includes('-L') ? (found[0] ?? '') : found.join(''),
      };
    },
  });
  for (const { disk, number } of PARTITIONS)
    await host.link(`../../block/${disk}/${disk}${number}`, `/sys/class/block/${disk}${number}`);
  return host;
}

const LABELS: Readonly<Record<string, number>> = {
  COS_GRUB: 2,
  COS_OEM: 3,
  COS_RECOVERY: 4,
  COS_STATE: 5,
  COS_PERSISTENT: 6,
};
const DISKS = JSON.stringify({
  blockdevices: ['vda', 'vdb'].map((name) => ({ path: `/dev/${name}`, size: 64 * GIB, type: 'disk' })),
});

const prepare = (host: TestHost) =>
  prepareDisk(host, installOptions({}), {
    wanted: '/dev/vda',
    imageMib: 1000,
    progress: { step: () => undefined } as never,
  });

describe('a disk', () => {
  test('with sectors of 4096 bytes gets a table in its own sectors, without a partition for BIOS', async () => {
    await using host = await machine({ sector: 4096 });
    const { bios } = await prepare(host);
    expect(bios).toBeUndefined();
    const script = host.calls.find(({ program }) => program === 'sfdisk')?.options.input ?? '';
    expect(script).toContain('sector-size: 4096');
    expect(script).toContain('1 : start=256, size=16384, type=c12a7328');
    expect(script).not.toContain('bios');
  });

  test('with sectors of 4096 bytes is refused on a machine that started with a BIOS, before anything is written', async () => {
    await using host = await machine({ sector: 4096, uefi: false });
    await expect(prepare(host)).rejects.toMatchObject({
      code: 'DISK_UNSUITABLE',
      message: expect.stringContaining('sectors of 4096 bytes'),
      remedy: expect.stringContaining('UEFI'),
    });
    expect(host.commands().filter((line) => !/^(lsblk|readlink|blkid)/.test(line))).toEqual([]);
  });

  test('with sectors of 512 bytes boots from either', async () => {
    await using host = await machine({ uefi: false });
    expect((await prepare(host)).bios).toMatchObject({ disk: '/dev/vda', start: 1024 ** 2 });
  });
});

describe('another disk with a system', () => {
  test('is named by an installation, which goes on', async () => {
    await using host = await machine({ systems: ['vda', 'vdb'] });
    await prepare(host);
    expect(host.logged.filter((line) => line.startsWith('warn'))).toEqual([
      expect.stringMatching(/^warn \/dev\/vdb also has a Kairos system/),
    ]);
    expect(host.commands().filter((line) => line.includes('/dev/vdb'))).toEqual([]);
  });

  test('makes prepared partitions ambiguous, unless the disk is named', async () => {
    await using host = await machine({ systems: ['vdb', 'vda'] });
    await expect(existingTarget(host, '')).rejects.toMatchObject({
      code: 'DISK_AMBIGUOUS',
      details: ['/dev/vdb5', '/dev/vda5'],
    });
    const target = await existingTarget(host, '/dev/vda');
    expect([target.device('state'), target.device('efi')]).toEqual(['/dev/vda5', '/dev/vda2']);
  });

  test('is taken when it is the only one with prepared partitions', async () => {
    await using host = await machine({ systems: ['vdb'] });
    expect((await existingTarget(host, 'auto')).device('oem')).toBe('/dev/vdb3');
  });
});
