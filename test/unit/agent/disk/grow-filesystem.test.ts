import { describe, expect, it } from 'vitest';
import { growFilesystem } from '../../../../src/agent/disk/grow-filesystem.ts';
import { testHost } from '../support/test-host.ts';

describe('a filesystem', () => {
  it.each([
    ['xfs', /^xfs_growfs \/tmp\/kairos-grow-/],
    ['btrfs', /^btrfs filesystem resize max \/tmp\/kairos-grow-/],
  ])('of type %s grows through a mount of our own', async (type, grow) => {
    await using host = await testHost({ run: ({ program }) => (program === 'blkid' ? type : undefined) });
    await growFilesystem(host, '/dev/vda5');
    const [, mount, grown, umount] = host.commands();
    expect(mount).toMatch(/^mount \/dev\/vda5 /);
    expect(grown).toMatch(grow);
    expect(umount).toMatch(/^umount /);
  });

  it('that is mounted grows in place', async () => {
    const files = { '/proc/self/mounts': '/dev/vda5 /usr/local xfs rw 0 0\n' };
    await using host = await testHost({
      files,
      run: ({ program }) => (program === 'blkid' ? 'xfs' : undefined),
    });
    await growFilesystem(host, '/dev/vda5');
    expect(host.commands().slice(1)).toEqual(['xfs_growfs /usr/local']);
  });

  it('is unmounted when growing fails', async () => {
    await using host = await testHost({
      run: ({ program }) =>
        program === 'blkid' ? 'xfs' : program === 'xfs_growfs' ? { status: 1 } : undefined,
    });
    await expect(growFilesystem(host, '/dev/vda5')).rejects.toThrow('xfs_growfs');
    expect(host.commands().some((line) => line.startsWith('umount'))).toBe(true);
  });

  it('in an encrypted partition grows after its mapping', async () => {
    const files = {
      '/sys/class/block/vda5/holders/dm-0': '',
      '/sys/class/block/dm-0/dm/name': 'vda5\n',
      '/proc/self/mounts': '/dev/mapper/vda5 /usr/local ext4 rw 0 0\n',
    };
    await using host = await testHost({
      files,
      run: ({ program, args }) =>
        program === 'blkid' ? (args.at(-1) === '/dev/vda5' ? 'crypto_LUKS' : 'ext4') : undefined,
    });
    await growFilesystem(host, '/dev/vda5');
    expect(host.commands()).toContain('cryptsetup resize --batch-mode vda5');
    expect(host.commands().at(-1)).toBe('resize2fs /dev/mapper/vda5');
  });

  it('that cannot grow keeps its size, with a warning', async () => {
    await using host = await testHost({ run: () => 'vfat' });
    await growFilesystem(host, '/dev/vda1');
    expect(host.calls).toHaveLength(1);
    expect(host.logged.join()).toContain('type vfat cannot grow');
  });
});
