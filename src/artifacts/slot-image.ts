import { truncate, writeFile } from 'node:fs/promises';
import { MIB } from '../layout/partitions.ts';
import { uuidFromSeed } from '../layout/uuid.ts';
import type { TreeSize } from '../rootfs/walk.ts';
import { mke2fs } from '../tools/mke2fs.ts';
import type { Runner } from '../tools/runner.ts';
import { setInodeTimes } from './ext-times.ts';

const MARGIN_MIB = 100;
/** For indirect blocks and bitmaps: ext2 needs one block in 1024 for the former, one in 16384 for each of the latter. */
const METADATA_SHARE = 1.02;
const INODE_SIZE = 256;
const INODE_MARGIN = 1.1;

/** Size in MiB of the image file that holds a tree: its blocks, its inodes, and the contract's 100 MiB (contract 1.3). */
export function slotImageSize(tree: TreeSize): { mib: number; inodes: number } {
  const inodes = Math.ceil((tree.inodes * INODE_MARGIN) / 1024) * 1024 + 1024;
  const mib = Math.ceil((tree.bytes * METADATA_SHARE + inodes * INODE_SIZE) / MIB) + MARGIN_MIB;
  return { mib, inodes };
}

/**
 * Makes a slot's image file: an ext2 filesystem with the root's tree (contract 1.4). The same tree gives the same bytes.
 * @param identity what tells this tree from others; the filesystem's UUID is made from it
 */
export async function makeSlotImage(
  runner: Runner,
  root: string,
  output: string,
  options: {
    readonly tree: TreeSize;
    readonly label: string;
    readonly identity: string;
    readonly epoch: number;
  },
): Promise<void> {
  const { mib, inodes } = slotImageSize(options.tree);
  await writeFile(output, '');
  await truncate(output, mib * MIB);
  const filesystem = {
    type: 'ext2',
    label: options.label,
    uuid: uuidFromSeed(`slot ${options.identity}`),
    kib: mib * 1024,
    inodes,
    epoch: options.epoch,
    reserved: 0,
  } as const;
  await mke2fs(runner, { file: output, offset: 0 }, filesystem, root);
  await setInodeTimes(output, 0, options.epoch);
}
