import type { ByteView } from './byte-view.ts';
import { corruptArtifact } from './corrupt-artifact.ts';
import type { MediaNode } from './filesystem.ts';
import type { MetadataReader } from './squashfs-metadata.ts';

/** An inode of a squashfs. */
export interface SquashfsInode {
  readonly kind: MediaNode['kind'];
  /** Bytes of a file; of the listing of a directory, and three more. */
  readonly size: number;
  /** Of a file: position of its first block; of a directory: block of its listing. */
  readonly start: number;
  /** Of a directory: offset in that block; of a file: offset in its fragment. */
  readonly offset: number;
  /** Of a file: number of its fragment; none when absent. */
  readonly fragment?: number;
  /** Of a file: the sizes of its blocks. */
  readonly blocks?: Buffer;
  readonly target?: Buffer;
}

/** What the reader of inodes needs of a squashfs. */
export interface InodeDisk {
  readonly view: ByteView;
  readonly metadata: MetadataReader;
  readonly blockSize: number;
}

const HEADER = 16;
const NO_FRAGMENT = 0xffffffff;
const LINK_LIMIT = 65536;
/** Most bytes of the list of a file's blocks: a file of 16 TiB in blocks of 1 MiB. */
const BLOCKS_LIMIT = 64 * 1024 * 1024;
/** Bytes of an inode without its blocks or target, by type (squashfs-tools, squashfs_fs.h). */
const SIZES: Readonly<Record<number, number>> = { 1: 32, 2: 32, 3: 24, 8: 40, 9: 56, 10: 24 };

/**
 * Reads an inode.
 * @param table position of the table of inodes
 * @param place block of the table times 65536, plus the offset in it
 * @throws FactoryError `verification` when it is broken
 */
export async function readSquashfsInode(
  { view, metadata, blockSize }: InodeDisk,
  table: number,
  place: number,
): Promise<SquashfsInode> {
  const start = table + Math.floor(place / 65536);
  const offset = place % 65536;
  const type = (await metadata.read(start, offset, HEADER)).readUInt16LE(0);
  const size = SIZES[type];
  if (size === undefined) {
    if (type >= 1 && type <= 14) return { kind: 'other', size: 0, start: 0, offset: 0 };
    throw corruptArtifact(view.name, `it has an inode of type ${type}`);
  }
  const bytes = await metadata.read(start, offset, size);
  const after = (length: number) =>
    metadata.read(start, offset, size + length).then((all) => all.subarray(size));
  switch (type) {
    case 1:
      return {
        kind: 'directory',
        start: bytes.readUInt32LE(16),
        size: bytes.readUInt16LE(24),
        offset: bytes.readUInt16LE(26),
      };
    case 8:
      return {
        kind: 'directory',
        size: bytes.readUInt32LE(20),
        start: bytes.readUInt32LE(24),
        offset: bytes.readUInt16LE(34),
      };
    case 3:
    case 10: {
      const length = bytes.readUInt32LE(20);
      if (length > LINK_LIMIT) throw corruptArtifact(view.name, 'a symbolic link is too long');
      return { kind: 'symlink', size: 0, start: 0, offset: 0, target: await after(length) };
    }
    default: {
      const file = type === 2 ? basicFile(bytes) : extendedFile(bytes);
      const count =
        file.fragment === NO_FRAGMENT ? Math.ceil(file.size / blockSize) : Math.floor(file.size / blockSize);
      if (count * 4 > BLOCKS_LIMIT) throw corruptArtifact(view.name, 'a file is too large');
      const { fragment, ...rest } = file;
      const blocks = await after(count * 4);
      return { kind: 'file', ...rest, blocks, ...(fragment === NO_FRAGMENT ? {} : { fragment }) };
    }
  }
}

function basicFile(bytes: Buffer) {
  return {
    start: bytes.readUInt32LE(16),
    fragment: bytes.readUInt32LE(20),
    offset: bytes.readUInt32LE(24),
    size: bytes.readUInt32LE(28),
  };
}

function extendedFile(bytes: Buffer) {
  return {
    start: Number(bytes.readBigUInt64LE(16)),
    size: Number(bytes.readBigUInt64LE(24)),
    fragment: bytes.readUInt32LE(44),
    offset: bytes.readUInt32LE(48),
  };
}
