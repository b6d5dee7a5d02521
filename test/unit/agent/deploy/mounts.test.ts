import { describe, expect, test } from 'vitest';
import { lockNode } from '../../../../src/agent/deploy/lock.ts';
import { checkpoint, mountTable, mountWritable, unmount } from '../../../../src/agent/deploy/mounts.ts';
import { testHost } from '../support/test-host.ts';

const MOUNTS = '/proc/self/mounts';

describe('mountTable', () => {
  test('decodes escapes', async () => {
    await using host = await testHost({
      files: { [MOUNTS]: '/dev/sda1 /a\\040b\\134c ext4 ro,relatime 0 0\n' },
    });
    expect(await mountTable(host)).toEqual([
      { source: '/dev/sda1', path: '/a b\\c', options: ['ro', 'relatime'] },
    ]);
  });
});

describe('checkpoint', () => {
  test('freezes the filesystem briefly, and syncs one that cannot be frozen', async () => {
    await using host = await testHost();
    await checkpoint(host, '/state');
    expect(host.commands()).toEqual(['fsfreeze --freeze /state', 'fsfreeze --unfreeze /state']);
    await using other = await testHost({
      run: ({ program }) => (program === 'fsfreeze' ? { status: 1 } : ''),
    });
    await checkpoint(other, '/esp');
    expect(other.commands()).toEqual(['fsfreeze --freeze /esp', 'sync -f /esp']);
  });
});

describe('mountWritable', () => {
  test('checks and mounts an unmounted device, and unmounts it', async () => {
    await using host = await testHost({ files: { [MOUNTS]: '' } });
    {
      await using state = await mountWritable(host, '/dev/vda5', 'state');
      expect(state.path).toBe('/run/cos/state');
    }
    expect(host.commands()).toEqual([
      'e2fsck -p /dev/vda5',
      'mount /dev/vda5 /run/cos/state',
      'umount /run/cos/state',
    ]);
  });

  test('makes a read-only mount writable until disposal', async () => {
    await using host = await testHost({
      files: { [MOUNTS]: '/dev/vda5 /run/initramfs/cos-state ext4 ro 0 0\n' },
    });
    {
      await using state = await mountWritable(host, '/dev/vda5', 'state');
      expect(state.path).toBe('/run/initramfs/cos-state');
    }
    expect(host.commands()).toEqual([
      'mount -o remount,rw /run/initramfs/cos-state',
      'mount -o remount,ro /run/initramfs/cos-state',
    ]);
  });

  test('leaves a writable mount alone', async () => {
    await using host = await testHost({ files: { [MOUNTS]: '/dev/vda3 /oem ext4 rw 0 0\n' } });
    {
      await using oem = await mountWritable(host, '/dev/vda3', 'oem');
      expect(oem.path).toBe('/oem');
    }
    expect(host.commands()).toEqual([]);
  });
});

describe('unmount', () => {
  test('retries while the filesystem is busy, and fails with a remedy', async () => {
    let left = 2;
    await using host = await testHost({
      run: () => (left-- > 0 ? { status: 32, stderr: 'target is busy' } : ''),
    });
    await unmount(host, '/mnt');
    expect(host.calls).toHaveLength(3);

    await using stuck = await testHost({ run: () => ({ status: 32, stderr: 'target is busy' }) });
    await expect(unmount(stuck, '/mnt')).rejects.toMatchObject({
      remedy: 'Find the processes that use it: fuser -vm /mnt',
    });
  });
});

describe('lockNode', () => {
  test('refuses a second operation until the first has finished', async () => {
    await using host = await testHost({ files: { [`/proc/${process.pid}/comm`]: 'node' } });
    {
      await using _lock = await lockNode(host);
      await expect(lockNode(host)).rejects.toThrow(/is running/);
    }
    await using _again = await lockNode(host);
  });

  test('takes over the lock of a killed operation', async () => {
    await using host = await testHost({ files: { '/run/cos/kairos-agent.lock/pid': '4242\n' } });
    await using _lock = await lockNode(host);
    expect(await host.readText('/run/cos/kairos-agent.lock/pid')).toBe(`${process.pid}\n`);
  });
});
