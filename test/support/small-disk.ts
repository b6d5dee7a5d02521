import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tool } from './tool.ts';

const MIB = 1024 * 1024;

/** The partitions of a small disk by name, with sizes in bytes. */
const PARTITIONS = {
  efi: { start: 1 * MIB, size: 4 * MIB },
  oem: { start: 5 * MIB, size: 8 * MIB },
  state: { start: 13 * MIB, size: 48 * MIB },
} as const;

export function layoutOf(name: keyof typeof PARTITIONS) {
  return PARTITIONS[name];
}

/**
 * Writes a small disk with our layout: FAT, ext4 with a configuration that identifies the root, and ext4 with the root's
 * image. Disks of two roots differ only where the roots differ.
 */
export async function writeDisk(file: string, root: string, scratch: string): Promise<void> {
  await rm(scratch, { recursive: true, force: true });
  for (const directory of ['oem', 'state/cOS']) await mkdir(join(scratch, directory), { recursive: true });
  await writeFile(file, '');
  await truncate(file, 64 * MIB);
  const args = ['--clear', '--set-alignment=1', '--disk-guid=11111111-1111-1111-1111-111111111111'];
  Object.entries(PARTITIONS).forEach(([name, { start, size }], index) => {
    const [first, last] = [start / 512, (start + size) / 512 - 1];
    args.push(`--new=${index + 1}:${first}:${last}`, `--change-name=${index + 1}:${name}`);
    args.push(`--partition-guid=${index + 1}:22222222-2222-2222-2222-22222222222${index}`);
  });
  await tool('sgdisk', ...args, file);
  const format = ['-q', '-F', '-U', '33333333-3333-3333-3333-333333333333'];
  const seed = 'hash_seed=44444444-4444-4444-4444-444444444444';
  const ext = (target: string, tree: string, kib: number, offset: number) =>
    tool('mke2fs', ...format, '-t', 'ext4', '-E', `${seed},offset=${offset}`, '-d', tree, target, `${kib}k`);
  const { efi, oem, state } = PARTITIONS;
  await tool(
    'mkfs.fat',
    '--invariant',
    `--offset=${efi.start / 512}`,
    '-i',
    '12345678',
    file,
    String(efi.size / 1024),
  );
  await writeFile(join(scratch, 'oem/config.yaml'), `root: ${root.at(-1)}\n`);
  await tool('touch', '-d', '@1700000000', join(scratch, 'oem/config.yaml'));
  await ext(file, join(scratch, 'oem'), oem.size / 1024, oem.start);
  await tool('truncate', '-s', '16M', join(scratch, 'state/cOS/active.img'));
  await ext(join(scratch, 'state/cOS/active.img'), root, 16 * 1024, 0);
  await ext(file, join(scratch, 'state'), state.size / 1024, state.start);
}
