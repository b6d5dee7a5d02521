import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Contents, openContents } from '../../../../../src/factory/inspect/diff/contents.ts';
import { isExt } from '../../../../../src/factory/inspect/diff/open-artifact.ts';
import { openSubject } from '../../../../../src/factory/inspect/diff/subject.ts';
import type { ContentsContext } from '../../../../../src/factory/inspect/diff/unpacked-tree.ts';
import { makeFat } from '../../../../../src/factory/tools/fat.ts';
import { mke2fs } from '../../../../../src/factory/tools/mke2fs.ts';
import { mksquashfs } from '../../../../../src/factory/tools/mksquashfs.ts';
import { convertToQcow2 } from '../../../../../src/factory/tools/qemu-img.ts';
import { writePartitionTable } from '../../../../../src/factory/tools/sgdisk.ts';
import { writeIso } from '../../../../../src/factory/tools/xorriso.ts';
import { tool } from '../../../../support/tool.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';
import { subdirectory } from '../../artifacts/support/inputs.ts';
import { realRunner } from '../../artifacts/support/runner.ts';

const MIB = 1024 * 1024;
const EPOCH = 1_700_000_000;
const UUID = '11111111-2222-5333-8444-555555555555';
const TYPE = '0fc63daf-8483-4772-8e79-3d69d8477de4';
const runner = realRunner();

/** Creates a file of the given size that contains zeros. */
function blank(file: string, size: number): string {
  writeFileSync(file, '');
  truncateSync(file, size);
  return file;
}

const ext = (source: string, kib: number) =>
  ({ type: 'ext2', label: 'TEST', uuid: UUID, kib, epoch: EPOCH, reserved: 0, source }) as const;

/** A root filesystem with one file. */
const plantRoot = (home: string) => plant(join(home, 'root'), { 'etc/hello': 'hello\n' });

/** A disk with a state partition that contains a system, an ESP, and a partition with an unknown filesystem. */
async function makeDisk(home: string): Promise<string> {
  const disk = blank(join(home, 'disk.raw'), 16 * MIB);
  const partitions = ['efi', 'state', 'other'].map((name, index) => ({
    name,
    type: TYPE,
    guid: `${UUID.slice(0, -1)}${index}`,
    attributes: [],
    start: (1 + index * 4) * MIB,
    size: 4 * MIB,
  }));
  await writePartitionTable(runner, { guid: UUID, size: 16 * MIB, partitions }, { file: disk });
  plant(home, { 'boot.efi': 'efi', 'state/grubenv': 'env' });
  const fat = { file: disk, offset: MIB, kib: 4096, label: 'EFI', epoch: EPOCH };
  await makeFat(runner, fat, [['EFI/BOOT/BOOTX64.EFI', join(home, 'boot.efi')]]);
  plant(home, { 'state/cOS/.keep': '' });
  const slot = blank(join(home, 'state/cOS/active.img'), MIB);
  await mke2fs(runner, { file: slot, offset: 0 }, ext(plantRoot(home), 1024));
  await mke2fs(runner, { file: disk, offset: 5 * MIB }, ext(join(home, 'state'), 4096));
  return disk;
}

/** Opens the content of a path. Registries and daemons are not used here. */
async function look(path: string): Promise<Contents> {
  const scratch = temporaryDirectory();
  const notHere = async () => {
    throw new Error('nothing is to be fetched');
  };
  const context: ContentsContext = {
    runner,
    images: { pin: notHere, fetch: notHere, pins: () => [] },
    daemon: notHere,
    arch: 'amd64',
    scratch: async (name) => subdirectory(scratch, name),
    signal: new AbortController().signal,
  };
  return openContents(await openSubject(path), context);
}

const hello = ({ trees }: Contents) =>
  readFileSync(join(trees.get('rootfs')?.directory ?? '', 'etc/hello'), 'utf8');
const kinds = ({ trees }: Contents) =>
  [...trees].map(([name, { isPartial }]) => `${name}${isPartial ? ', partial' : ''}`);

describe('openContents', () => {
  test('returns a directory itself', async () => {
    const root = plantRoot(temporaryDirectory());
    const contents = await look(root);
    expect([hello(contents), contents.trees.get('rootfs')?.directory]).toEqual(['hello\n', root]);
  });

  test('unpacks a tar as a root filesystem', async () => {
    const home = temporaryDirectory();
    const file = join(home, 'root.tar');
    await tool('tar', '-C', plantRoot(home), '-cf', file, '.');
    const contents = await look(file);
    expect([hello(contents), kinds(contents)]).toEqual(['hello\n', ['rootfs']]);
  });

  test('unpacks a squashfs as a root filesystem', async () => {
    const home = temporaryDirectory();
    const output = join(home, 'root.squashfs');
    await mksquashfs(runner, plantRoot(home), { output, level: 1, epoch: EPOCH });
    const contents = await look(output);
    expect([hello(contents), kinds(contents)]).toEqual(['hello\n', ['rootfs']]);
  });

  test('unpacks the files of an ISO, its ESP and the root filesystem in it', async () => {
    const home = temporaryDirectory();
    const output = join(home, 'rootfs.squashfs');
    await mksquashfs(runner, plantRoot(home), { output, level: 1, epoch: EPOCH });
    const esp = blank(join(home, 'esp'), 4 * MIB);
    const fat = { file: esp, offset: 0, kib: 4096, label: 'EFI', epoch: EPOCH };
    await makeFat(runner, fat, [['EFI/BOOT/BOOTX64.EFI', output]]);
    const iso = join(home, 'os.iso');
    const entries: [string, string][] = [['/rootfs.squashfs', output]];
    await writeIso(runner, iso, { volume: 'TEST', epoch: EPOCH, entries, efi: esp });
    const contents = await look(iso);
    expect(hello(contents)).toBe('hello\n');
    expect(kinds(contents)).toEqual(['iso', expect.stringContaining('partition'), 'rootfs']);
    expect(readdirSync(contents.trees.get('iso')?.directory ?? '')).toContain('rootfs.squashfs');
  });

  test.each(['raw', 'qcow2'])(
    'unpacks each readable partition of a disk (%s), and the system in its active slot',
    async (kind) => {
      const home = temporaryDirectory();
      let disk = await makeDisk(home);
      if (kind === 'qcow2') {
        const raw = disk;
        disk = join(home, 'disk.qcow2');
        await convertToQcow2(runner, raw, disk);
      }
      const contents = await look(disk);
      // debugfs does not copy extended attributes.
      expect(kinds(contents)).toEqual(['partition efi', 'partition state, partial', 'rootfs, partial']);
      expect(hello(contents)).toBe('hello\n');
      const esp = contents.trees.get('partition efi')?.directory ?? '';
      expect(readFileSync(join(esp, 'EFI/BOOT/BOOTX64.EFI'), 'utf8')).toBe('efi');
      const state = contents.trees.get('partition state')?.directory ?? '';
      expect(readFileSync(join(state, 'grubenv'), 'utf8')).toBe('env');
    },
  );

  test('finds no trees in a file of unknown kind', async () => {
    const home = plant(temporaryDirectory(), { 'notes.txt': 'notes' });
    expect(kinds(await look(join(home, 'notes.txt')))).toEqual([]);
  });
});

test.each([
  ['a superblock of ext2, 3 or 4', 1082, 0xef53, true],
  ['a file that ends before the superblock does', 1081, 0xef53, false],
  ['other bytes', 2048, 0xef54, false],
])('isExt examines %s', (_, length, magic, expected) => {
  const head = Buffer.alloc(2048);
  head.writeUInt16LE(magic, 1080);
  expect(isExt(head.subarray(0, length))).toBe(expected);
});
