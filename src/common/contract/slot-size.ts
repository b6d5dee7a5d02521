import { MIB } from './partitions.ts';

/** The space that a tree needs on a filesystem with 4 KiB blocks. */
export interface TreeExtent {
  /** Bytes in whole blocks, hard links counted once, directories included. */
  readonly bytes: number;
  readonly inodes: number;
}

/**
 * Label of an OS image with the size of its files on disk in bytes, so that an upgrade does not have to estimate it
 * (docs/contract.md 1.3).
 */
export const SIZE_LABEL = 'io.kairos.size';

/** Label of an OS image with its version (image-spec, "Annotations"). */
export const VERSION_LABEL = 'org.opencontainers.image.version';

/** Free space of an image file, in MiB (docs/contract.md 1.3). */
export const SLOT_MARGIN_MIB = 100;
/** Size of an image file with an unknown source, and the minimum for an estimate (docs/contract.md 1.3). */
export const DEFAULT_SLOT_MIB = 3072;
/** Estimated growth factors: of an image's compressed layers, and of an image file (docs/contract.md 1.3). */
export const GROWTH = { registry: 2.5, file: 2 } as const;
/** Accounts for indirect blocks and bitmaps: in ext2, 1 in 1024 blocks and twice 1 in 16384 blocks. */
const METADATA_SHARE = 1.02;
const INODE_SIZE = 256;
const INODE_MARGIN = 1.1;

/**
 * Returns the size in MiB of an image file for a tree, and its number of inodes: room for the blocks and inodes of the
 * tree, and the contract's 100 MiB (docs/contract.md 1.3).
 */
export function slotImageSize(tree: TreeExtent): { mib: number; inodes: number } {
  const inodes = Math.ceil((tree.inodes * INODE_MARGIN) / 1024) * 1024 + 1024;
  const mib = Math.ceil((tree.bytes * METADATA_SHARE + inodes * INODE_SIZE) / MIB) + SLOT_MARGIN_MIB;
  return { mib, inodes };
}
