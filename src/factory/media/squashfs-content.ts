import { type ByteView, requireInside } from './byte-view.ts';
import { corruptArtifact } from './corrupt-artifact.ts';
import type { Decompress } from './squashfs-compression.ts';
import type { InodeDisk, SquashfsInode } from './squashfs-inode.ts';
import { unpack } from './squashfs-metadata.ts';

/** What the reader of files needs of a squashfs. */
export interface ContentDisk extends InodeDisk {
  readonly decompress: Decompress;
  /** Position of the table that leads to the fragments. */
  readonly fragments: number;
}

const UNCOMPRESSED = 1 << 24;
/** Fragments in a block of metadata, and the bytes of one. */
const FRAGMENTS = 512;
const FRAGMENT = 16;

/** The content of a file. @throws FactoryError `verification` when one of its blocks is broken */
export function squashfsContent(disk: ContentDisk, inode: SquashfsInode): ByteView {
  const { view, blockSize } = disk;
  const { size, start, blocks = Buffer.alloc(0) } = inode;
  const { name } = view;
  const positions = [start];
  for (let at = 0; at < blocks.length; at += 4)
    positions.push((positions.at(-1) ?? 0) + (blocks.readUInt32LE(at) & (UNCOMPRESSED - 1)));
  // Files are read from start to end, so the last block is the one that is needed again.
  let last: { readonly index: number; readonly content: Buffer } | undefined;
  const block = async (index: number): Promise<Buffer> => {
    if (last?.index === index) return last.content;
    const length = Math.min(blockSize, size - index * blockSize);
    const content =
      index * 4 < blocks.length
        ? await dataBlock(disk, { at: positions[index] ?? 0, word: blocks.readUInt32LE(index * 4) }, length)
        : await fragmentOf(disk, inode, length);
    if (content.length < length) throw corruptArtifact(name, 'a block is shorter than its file');
    last = { index, content };
    return content;
  };
  return {
    name,
    size,
    read: async (from, length) => {
      requireInside({ name, size }, from, length);
      const parts: Buffer[] = [];
      for (let at = from; at < from + length; ) {
        const index = Math.floor(at / blockSize);
        const inside = at - index * blockSize;
        const part = (await block(index)).subarray(inside, inside + from + length - at);
        if (part.length === 0) throw corruptArtifact(name, 'a file is shorter than it should be');
        parts.push(part);
        at += part.length;
      }
      return Buffer.concat(parts);
    },
  };
}

interface StoredBlock {
  readonly at: number;
  /** The size, with a bit for blocks that are not compressed. */
  readonly word: number;
}

async function dataBlock(
  { view, decompress, blockSize }: ContentDisk,
  { at, word }: StoredBlock,
  length: number,
): Promise<Buffer> {
  const size = word & (UNCOMPRESSED - 1);
  // A block without content is a hole.
  if (size === 0) return Buffer.alloc(length);
  if (size > blockSize) throw corruptArtifact(view.name, 'a block is too large');
  const bytes = await view.read(at, size);
  return word & UNCOMPRESSED ? bytes : unpack(view, () => decompress(bytes, blockSize));
}

async function fragmentOf(disk: ContentDisk, inode: SquashfsInode, length: number): Promise<Buffer> {
  const { view, metadata, fragments, blockSize } = disk;
  const { fragment, offset } = inode;
  if (fragment === undefined) throw corruptArtifact(view.name, 'a file lacks its last block');
  const pointer = await view.read(fragments + Math.floor(fragment / FRAGMENTS) * 8, 8);
  const entry = await metadata.read(
    Number(pointer.readBigUInt64LE(0)),
    (fragment % FRAGMENTS) * FRAGMENT,
    FRAGMENT,
  );
  const stored = { at: Number(entry.readBigUInt64LE(0)), word: entry.readUInt32LE(8) };
  const whole = await dataBlock(disk, stored, blockSize);
  return whole.subarray(offset, offset + length);
}
