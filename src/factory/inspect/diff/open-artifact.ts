import { mkdir, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SLOT_FILE } from '../../../common/contract/partition-files.ts';
import { dumpExt } from '../../tools/debugfs.ts';
import { extractFat } from '../../tools/fat.ts';
import { convertToRaw } from '../../tools/qemu-img.ts';
import type { Runner } from '../../tools/runner.ts';
import { unsquashfs } from '../../tools/unsquashfs.ts';
import { extractIso } from '../../tools/xorriso.ts';
import { readPartitions } from './partition-table.ts';
import { type ContentsContext, completeTree, ROOTFS, type UnpackedTree } from './unpacked-tree.ts';

/** Path of the packed root filesystem, by the tree that contains it. */
const SYSTEM_FILES: Readonly<Record<string, string>> = {
  iso: 'rootfs.squashfs',
  'partition state': SLOT_FILE.active,
};

/**
 * Unpacks an artifact: the ISO's files, each readable partition of a disk, and the root filesystem.
 * @returns the trees by name
 * @throws FactoryError `step` when a tool fails
 */
export async function openArtifact(
  kind: 'squashfs' | 'iso' | 'raw' | 'qcow2' | 'vmdk',
  file: string,
  context: ContentsContext,
): Promise<Map<string, UnpackedTree>> {
  const { runner, scratch } = context;
  const directory = await scratch(kind);
  const trees = new Map<string, UnpackedTree>();
  if (kind === 'squashfs') {
    const tree = join(directory, 'root');
    await unsquashfs(runner, file, tree);
    return trees.set(ROOTFS, completeTree(tree));
  }
  let disk = file;
  if (kind === 'qcow2' || kind === 'vmdk') {
    disk = join(directory, 'disk.raw');
    await convertToRaw(runner, file, disk);
  }
  if (kind === 'iso') {
    const tree = join(directory, 'iso');
    await extractIso(runner, file, tree);
    trees.set('iso', completeTree(tree));
  }
  for (const { name, start, size } of await readPartitions(disk)) {
    const tree = join(directory, `partition-${trees.size}`);
    const found = await openPartition(runner, { disk, start, size }, tree);
    if (found !== undefined) trees.set(`partition ${name}`, { directory: tree, isPartial: found === 'ext' });
  }
  for (const [tree, path] of Object.entries(SYSTEM_FILES)) {
    const system = join(trees.get(tree)?.directory ?? '', path);
    if (!trees.has(tree) || !(await stat(system).catch(() => undefined))?.isFile()) continue;
    const root = join(directory, 'root');
    const isPartial = !path.endsWith('.squashfs');
    if (!isPartial) await unsquashfs(runner, system, root);
    else {
      await mkdir(root);
      await dumpExt(runner, { file: system, offset: 0 }, root);
    }
    trees.set(ROOTFS, { directory: root, isPartial });
  }
  return trees;
}

/** Copies the files of a partition. @returns the type of its filesystem, or nothing when it is unknown */
async function openPartition(
  runner: Runner,
  { disk: file, start, size }: { readonly disk: string; readonly start: number; readonly size: number },
  directory: string,
): Promise<'ext' | 'fat' | undefined> {
  const head = Buffer.alloc(2048);
  await using handle = await open(file);
  if (size >= head.length) await handle.read(head, 0, head.length, start);
  if (isExt(head)) {
    await mkdir(directory);
    await dumpExt(runner, { file, offset: start }, directory);
    return 'ext';
  }
  // FAT12/16 and FAT32 have a type label (Microsoft, "FAT: General Overview of On-Disk Format").
  if (/^FAT1[26]/.test(head.toString('latin1', 54, 62)) || head.toString('latin1', 82, 87) === 'FAT32') {
    await mkdir(directory);
    await extractFat(runner, { file, offset: start }, directory);
    return 'fat';
  }
  return undefined;
}

/** Whether the first bytes of a filesystem are those of ext2, ext3 or ext4 (kernel documentation, "The Super Block"). */
export function isExt(head: Buffer): boolean {
  return head.length >= 1082 && head.readUInt16LE(1080) === 0xef53;
}
