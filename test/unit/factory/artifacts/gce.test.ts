import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { gce } from '../../../../src/factory/artifacts/gce.ts';
import { tool } from '../../../support/tool.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { copyOfDisk, makeSmallDisk } from './support/copy-of-disk.ts';
import { EPOCH } from './support/inputs.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/** The disk in an archive, as GNU tar unpacks it. */
async function unpacked(archive: string, home: string): Promise<string> {
  const target = join(home, 'unpacked');
  mkdirSync(target);
  await tool('tar', '-xzf', archive, '-C', target);
  return join(target, 'disk.raw');
}

describe('a disk for Google Compute Engine', () => {
  test('is the raw disk, rounded up to 1 GiB, in an archive of GNU’s old format', async () => {
    const home = temporaryDirectory();
    const raw = makeSmallDisk(join(home, 'disk.raw'));
    const archive = await copyOfDisk(gce, raw);
    await tool('gzip', '-t', archive);
    const listing = await tool('tar', '--utc', '--full-time', '-tvzf', archive);
    expect(listing).toMatch(/^-rw-r--r-- 0\/0\s+1073741824 2023-11-14 22:13:20 disk\.raw$/);
    const disk = await unpacked(archive, home);
    expect(statSync(disk).size).toBe(GIB);
    expect(statSync(disk).blocks * 512).toBeLessThan(7 * MIB);
    await tool('qemu-img', 'compare', '-f', 'raw', '-F', 'raw', raw, disk);
    const plain = execFileSync('gzip', ['-dc', archive], { maxBuffer: 64 * MIB });
    expect(plain.toString('latin1', 257, 265)).toBe('ustar  \0');
    expect(plain.length).toBeLessThan(7 * MIB);
  });

  test.each([
    ['exactly 1 GiB stays', GIB, GIB],
    ['a sector more is 2 GiB', GIB + 512, 2 * GIB],
    ['2 GiB stay', 2 * GIB, 2 * GIB],
    ['9 GiB, more than an octal number holds, stay', 9 * GIB, 9 * GIB],
  ])('%s', async (_, size, expected) => {
    const home = temporaryDirectory();
    const archive = await copyOfDisk(gce, makeSmallDisk(join(home, 'disk.raw'), { size }));
    const python =
      'import sys,tarfile; m=tarfile.open(sys.argv[1]).getmembers(); print([(x.name,x.size,x.mtime,x.issparse()) for x in m])';
    expect((await tool('python3', '-c', python, archive)).trim()).toBe(
      `[('disk.raw', ${expected}, ${EPOCH}, True)]`,
    );
  });

  test('has the same bytes wherever the filesystem has holes, whatever its path', async () => {
    const home = temporaryDirectory();
    const one = await copyOfDisk(gce, makeSmallDisk(join(home, 'a.raw')), { name: 'a' });
    const other = await copyOfDisk(gce, makeSmallDisk(join(home, 'b.raw'), { dense: true }), { name: 'b' });
    expect(readFileSync(one).equals(readFileSync(other))).toBe(true);
  });

  test('of nothing but zeros has no content', async () => {
    const home = temporaryDirectory();
    const raw = join(home, 'disk.raw');
    await tool('truncate', '-s', '3M', raw);
    const disk = await unpacked(await copyOfDisk(gce, raw), home);
    expect([statSync(disk).size, statSync(disk).blocks]).toEqual([GIB, 0]);
  });

  test('is not finished when the build is interrupted', async () => {
    const raw = makeSmallDisk(join(temporaryDirectory(), 'disk.raw'));
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(copyOfDisk(gce, raw, { signal })).rejects.toThrow();
  });
});
