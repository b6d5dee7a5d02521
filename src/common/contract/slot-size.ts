import { MIB } from './partitions.ts';

/** What a tree needs on a filesystem of 4 KiB blocks. */
export interface TreeExtent {
  /** Bytes in whole blocks, hard links counted once, directories included. */
  readonly bytes: number;
  readonly inodes: number;
}

/**
 * Label of an OS image with the bytes that its files take on a disk, so that an upgrade need not guess
 * (docs/contract.md 1.3).
 */
export const SIZE_LABEL = 'io.kairos.size';

/** MiB that an image file has beyond its content (docs/contract.md 1.3). */
export const SLOT_MARGIN_MIB = 100;
/** Size of an image file whose source is unknown, and the least for an estimated one (docs/contract.md 1.3). */
export const DEFAULT_SLOT_MIB = 3072;
/** By how much the compressed layers of an image, and an image file, are assumed to grow (docs/contract.md 1.3). */
export const GROWTH = { registry: 2.5, file: 2 } as const;
/** For indirect blocks and bitmaps: ext2 needs one block in 1024 for the former, one in 16384 for each of the latter. */
const METADATA_SHARE = 1.02;
const INODE_SIZE = 256;
const INODE_MARGIN = 1.1;

/**
 * Size in MiB of the image file that holds a tree: its blocks, its inodes, and the contract's 100 MiB
 * (docs/contract.md 1.3).
 */
export function slotImageSize(tree: TreeExtent): { mib: number; inodes: number } {
  const inodes = Math.ceil((tree.inodes * INODE_MARGIN) / 1024) * 1024 + 1024;
  const mib = Math.ceil((tree.bytes * METADATA_SHARE + inodes * INODE_SIZE) / MIB) + SLOT_MARGIN_MIB;
  return { mib, inodes };
}
