import { describe, expect, test } from 'vitest';
import { bootDisk, findByLabel } from '../../../../src/agent/deploy/find-by-label.ts';
import { type TestHost, testHost } from '../support/test-host.ts';

/** A node with two disks that both hold a system; what was attached last is found first. */
async function twoDisks(mounts: string, label = 'COS_OEM'): Promise<TestHost> {
  const host = await testHost({
    files: {
      '/proc/self/mounts': mounts,
      ...Object.fromEntries(
        ['vda/vda3', 'vda/vda5', 'sdb/sdb3', 'sdb/sdb5'].map((name) => [
          `/sys/block/${name}/partition`,
          '3\n',
        ]),
      ),
    },
    run: ({ program, args }) => {
      if (program !== 'blkid' || !args.some((arg) => arg.endsWith(label))) return { status: 2 };
      return args.includes('-L') ? '/dev/sdb3\n' : '/dev/sdb3\n/dev/vda3\n';
    },
  });
  for (const [disk, name] of [
    ['vda', 'vda3'],
    ['vda', 'vda5'],
    ['sdb', 'sdb3'],
    ['sdb', 'sdb5'],
  ] as const)
    await host.link(`../../block/${disk}/${name}`, `/sys/class/block/${name}`);
  return host;
}

describe('of two disks with the same labels', () => {
  test.each([
    ['an image file', '/dev/vda5 /run/initramfs/cos-state ext4 ro 0 0\n'],
    ['a squashfs', '/dev/vda5 /run/initramfs/live ext4 ro 0 0\n'],
  ])('the partitions of the one that was started count: %s', async (_, mounts) => {
    await using host = await twoDisks(mounts);
    expect(await bootDisk(host)).toBe('/dev/vda');
    expect(await findByLabel(host, 'COS_OEM')).toBe('/dev/vda3');
  });

  test('one that is already right costs no further search', async () => {
    await using host = await twoDisks('/dev/sdb5 /run/initramfs/cos-state ext4 ro 0 0\n');
    expect(await findByLabel(host, 'COS_OEM')).toBe('/dev/sdb3');
    expect(host.commands()).toEqual(['blkid -L COS_OEM']);
  });

  test('a system without a disk takes what is found', async () => {
    await using host = await twoDisks('tmpfs / tmpfs rw 0 0\n');
    expect(await bootDisk(host)).toBeUndefined();
    expect(await findByLabel(host, 'COS_OEM')).toBe('/dev/sdb3');
  });

  test('labels that are not of the system may be anywhere', async () => {
    await using host = await twoDisks('/dev/vda5 /run/initramfs/cos-state ext4 ro 0 0\n', 'CIDATA');
    expect(await findByLabel(host, 'CIDATA')).toBe('/dev/sdb3');
    expect(await findByLabel(host, 'COS_OEM')).toBeUndefined();
  });
});
