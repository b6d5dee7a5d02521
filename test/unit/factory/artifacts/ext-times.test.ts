import { truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stampTree } from '../../../../src/common/files/walk-tree.ts';
import { setInodeTimes } from '../../../../src/factory/artifacts/ext-times.ts';
import { type ExtFilesystem, mke2fs } from '../../../../src/factory/tools/mke2fs.ts';
import { tool } from '../../../support/tool.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';
import { realRunner } from './support/runner.ts';

const EPOCH = 1_700_000_000;
const WRITTEN = 1_600_000_000;
const UUID = '11111111-2222-5333-8444-555555555555';
const MIB = 1024 * 1024;

const filesystem = (change: Partial<ExtFilesystem> = {}): ExtFilesystem => ({
  type: 'ext2',
  label: 'TEST',
  uuid: UUID,
  kib: 4096,
  epoch: EPOCH,
  reserved: 0,
  ...change,
});

/** A disk with a filesystem at `offset` whose files have recent access and change times, and old modification times. */
async function makeDisk(change: Partial<ExtFilesystem> = {}, offset = 0) {
  const home = temporaryDirectory();
  const source = plant(join(home, 'source'), { 'dir/file': 'content', link: { link: 'dir' } });
  stampTree(source, WRITTEN);
  // The access time must differ from the modification time.
  utimesSync(join(source, 'dir/file'), new Date(), WRITTEN);
  const file = join(home, 'disk');
  const wanted = filesystem({ ...change, source });
  writeFileSync(file, '');
  truncateSync(file, offset + wanted.kib * 1024);
  await mke2fs(realRunner(), { file, offset }, wanted);
  return { file, name: offset === 0 ? file : `${file}?offset=${offset}` };
}

/** The times of an inode as Unix timestamps in seconds, from the hexadecimal output of debugfs. */
async function timesOf(name: string, path: string): Promise<Record<string, number>> {
  const text = await tool('debugfs', '-R', `stat ${path}`, name);
  return Object.fromEntries(
    [...text.matchAll(/^ ?(ctime|atime|mtime|crtime): 0x([0-9a-f]{8})(?::([0-9a-f]{8}))?/gm)].flatMap(
      ([, field = '', seconds = '', rest = '0']) => [
        [field, Number.parseInt(seconds, 16)],
        [`${field} fraction`, Number.parseInt(rest, 16)],
      ],
    ),
  );
}

describe('setInodeTimes', () => {
  // 400 MiB is four block groups.
  test.each<[string, Partial<ExtFilesystem>, number]>([
    ['ext2', {}, 0],
    ['ext4', { type: 'ext4', kib: 16 * 1024 }, 0],
    ['ext4 inside a disk', { type: 'ext4', kib: 16 * 1024 }, 3 * MIB],
    ['ext2 with several block groups', { kib: 400 * 1024 }, 0],
  ])(
    'sets access, change and creation times in %s and keeps modification times',
    async (_, change, offset) => {
      const { file, name } = await makeDisk(change, offset);
      expect((await timesOf(name, '/dir/file'))['atime']).not.toBe(EPOCH);
      await setInodeTimes(file, offset, EPOCH);
      for (const path of ['/', '/dir', '/dir/file', '/link', '/lost+found']) {
        const times = await timesOf(name, path);
        expect(times, path).toMatchObject({ atime: EPOCH, ctime: EPOCH, 'ctime fraction': 0 });
        expect(times['crtime'] ?? EPOCH, path).toBe(EPOCH);
      }
      expect((await timesOf(name, '/dir/file'))['mtime']).toBe(WRITTEN);
    },
  );

  test.each<[string, Partial<ExtFilesystem>]>([
    ['ext2', {}],
    ['ext4', { type: 'ext4', kib: 16 * 1024 }],
  ])('leaves a valid %s whose bytes depend only on its content', async (_, change) => {
    const images = [await makeDisk(change), await makeDisk(change)];
    const [one, two] = await Promise.all(
      images.map(async ({ file }) => {
        await setInodeTimes(file, 0, EPOCH);
        return readFile(file);
      }),
    );
    await tool('e2fsck', '-f', '-n', images[0]?.file ?? '');
    // Not with toEqual, which would print megabytes.
    expect(Buffer.compare(one ?? Buffer.alloc(1), two ?? Buffer.alloc(0))).toBe(0);
  });

  test('finds the inodes of a filesystem with 1 KiB blocks, whose descriptors start one block later', async () => {
    const home = temporaryDirectory();
    const source = plant(join(home, 'source'), { file: 'content' });
    const file = join(home, 'image');
    // 20 MiB is three groups of such blocks.
    await tool('mke2fs', '-q', '-t', 'ext2', '-b', '1024', '-d', source, file, '20M');
    await setInodeTimes(file, 0, EPOCH);
    expect(await timesOf(file, '/file')).toMatchObject({ atime: EPOCH, ctime: EPOCH });
    await tool('e2fsck', '-f', '-n', file);
  });

  test('changes nothing outside the filesystem', async () => {
    const { file } = await makeDisk({}, MIB);
    const around = Buffer.alloc(MIB, 7);
    const content = await readFile(file);
    around.copy(content);
    await writeFile(file, content);
    await setInodeTimes(file, MIB, EPOCH);
    expect((await readFile(file)).subarray(0, MIB).every((byte) => byte === 7)).toBe(true);
  });

  test('refuses what is not an ext filesystem', async () => {
    const file = join(plant(temporaryDirectory(), { file: Buffer.alloc(4096) }), 'file');
    const error = await failureOf(() => setInodeTimes(file, 0, EPOCH), 'step');
    expect(error.message).toContain('ext filesystem');
  });

  test('refuses a file that ends before the superblock does', async () => {
    const file = join(plant(temporaryDirectory(), { file: Buffer.alloc(1500) }), 'file');
    const error = await failureOf(() => setInodeTimes(file, 0, EPOCH), 'step');
    expect(error.message).toContain('truncated');
  });

  test('refuses inodes with checksums, which the change would invalidate', async () => {
    const home = temporaryDirectory();
    const file = join(home, 'image');
    await tool('mke2fs', '-q', '-t', 'ext4', '-O', 'metadata_csum', file, '8M');
    const before = await readFile(file);
    const error = await failureOf(() => setInodeTimes(file, 0, EPOCH), 'step');
    expect(error.message).toContain('checksums');
    expect(Buffer.compare(await readFile(file), before)).toBe(0);
  });
});
