import { decodeFileName } from '../../common/files/file-name.ts';
import { type ByteView, partOf } from './byte-view.ts';
import { cachedView } from './cached-view.ts';
import { corruptArtifact } from './corrupt-artifact.ts';
import { type BlockMap, blocksOf } from './ext-blocks.ts';
import { DIRECTORY_LIMIT, type Filesystem, type MediaNode } from './filesystem.ts';
import { formatUuid } from './format-uuid.ts';

// Kernel documentation, "ext4 Data Structures and Algorithms": super block, group descriptors, inodes, directory entries.
const SUPERBLOCK = 1024;
const MAGIC = 0xef53;
const JOURNAL = 0x4;
const META_GROUPS = 0x10;
const EXTENTS = 0x40;
const WIDE = 0x80;
const ROOT = 2;
const INLINE_DATA = 0x10000000;
const INLINE_SIZE = 60;
const KINDS: Readonly<Record<number, MediaNode['kind']>> = { 4: 'directory', 8: 'file', 10: 'symlink' };

interface Inode extends BlockMap {
  readonly kind: MediaNode['kind'];
  readonly size: number;
}

/** The numbers of a filesystem that say where its inodes are. */
interface Geometry {
  readonly view: ByteView;
  readonly block: number;
  readonly inodes: number;
  readonly inodesPerGroup: number;
  readonly inodeSize: number;
  readonly descriptors: number;
  readonly descriptorSize: number;
  readonly isWide: boolean;
}

/** Whether the first bytes of a filesystem are those of ext2, ext3 or ext4. */
export function isExt(head: Buffer): boolean {
  return head.length >= SUPERBLOCK + 58 && head.readUInt16LE(SUPERBLOCK + 0x38) === MAGIC;
}

/** Opens an ext2, ext3 or ext4 filesystem. @throws FactoryError `verification` when it is not one, or is cut short */
export async function openExt(bytes: ByteView): Promise<Filesystem> {
  const view = cachedView(bytes);
  const block = await view.read(SUPERBLOCK, 1024);
  if (block.readUInt16LE(0x38) !== MAGIC) throw corruptArtifact(view.name, 'it is not an ext filesystem');
  const incompatible = block.readUInt32LE(0x60);
  if (incompatible & META_GROUPS) throw corruptArtifact(view.name, 'its group descriptors are spread');
  const geometry = geometryOf(view, block);
  const total = block.readUInt32LE(4) * geometry.block;
  if (total > view.size)
    throw corruptArtifact(
      view.name,
      `it has ${view.size} bytes, and its filesystem ${total}: it is cut short`,
    );
  const open = async ({ place }: MediaNode): Promise<ByteView> =>
    contentOf(geometry, await readInode(geometry, place));
  const type = incompatible & EXTENTS ? 'ext4' : block.readUInt32LE(0x5c) & JOURNAL ? 'ext3' : 'ext2';
  return {
    type,
    label: block.toString('latin1', 0x78, 0x88).replace(/\0.*$/s, ''),
    uuid: formatUuid(block.subarray(0x68, 0x78)),
    root: { name: '', kind: 'directory', size: 0, place: ROOT },
    children: async (directory) => {
      const content = await open(directory);
      if (content.size > DIRECTORY_LIMIT) throw corruptArtifact(view.name, 'a directory is too large');
      const names = entriesIn(await content.read(0, content.size), view.name);
      const nodes: MediaNode[] = [];
      for (const { name, inode } of names) nodes.push(await nodeOf(geometry, name, inode));
      return nodes;
    },
    open,
  };
}

function geometryOf(view: ByteView, superblock: Buffer): Geometry {
  const log = superblock.readUInt32LE(0x18);
  const inodeSize = superblock.readUInt32LE(0x4c) === 0 ? 128 : superblock.readUInt16LE(0x58);
  const inodesPerGroup = superblock.readUInt32LE(0x28);
  if (log > 6 || inodeSize < 128 || inodeSize > 65536 || inodesPerGroup === 0)
    throw corruptArtifact(view.name, 'its super block has impossible values');
  const block = 1024 << log;
  const isWide = (superblock.readUInt32LE(0x60) & WIDE) !== 0;
  return {
    view,
    block,
    inodes: superblock.readUInt32LE(0),
    inodesPerGroup,
    inodeSize,
    descriptors: (superblock.readUInt32LE(0x14) + 1) * block,
    descriptorSize: isWide ? Math.max(superblock.readUInt16LE(0xfe), 64) : 32,
    isWide,
  };
}

async function readInode(geometry: Geometry, number: number): Promise<Inode> {
  const { view, inodes, inodesPerGroup, inodeSize, block, descriptors, descriptorSize, isWide } = geometry;
  if (number < 1 || number > inodes) throw corruptArtifact(view.name, `it has no inode ${number}`);
  const group = Math.floor((number - 1) / inodesPerGroup);
  const descriptor = await view.read(descriptors + group * descriptorSize, descriptorSize);
  const table = descriptor.readUInt32LE(8) + (isWide ? descriptor.readUInt32LE(0x28) * 2 ** 32 : 0);
  const bytes = await view.read(table * block + ((number - 1) % inodesPerGroup) * inodeSize, 128);
  const kind = KINDS[bytes.readUInt16LE(0) >> 12] ?? 'other';
  return {
    kind,
    size: bytes.readUInt32LE(4) + (kind === 'file' ? bytes.readUInt32LE(0x6c) * 2 ** 32 : 0),
    flags: bytes.readUInt32LE(0x20),
    map: bytes.subarray(0x28, 0x28 + INLINE_SIZE),
  };
}

async function contentOf({ view, block }: Geometry, inode: Inode): Promise<ByteView> {
  const { size, flags, map } = inode;
  if (flags & INLINE_DATA) {
    if (size > INLINE_SIZE) throw corruptArtifact(view.name, 'a file is kept in its inode and an attribute');
    return partOf(
      { name: view.name, size: map.length, read: async (at, length) => map.subarray(at, at + length) },
      { name: view.name, start: 0, size },
    );
  }
  return blocksOf({ view, block }, inode);
}

async function nodeOf(geometry: Geometry, name: string, number: number): Promise<MediaNode> {
  const inode = await readInode(geometry, number);
  const { kind, size, map } = inode;
  if (kind !== 'symlink') return { name, kind, size: kind === 'file' ? size : 0, place: number };
  if (size > 4096) throw corruptArtifact(geometry.view.name, 'a symbolic link is too long');
  const isShort = size < INLINE_SIZE;
  const target = isShort ? map.subarray(0, size) : await (await contentOf(geometry, inode)).read(0, size);
  return { name, kind, size: 0, place: number, target: decodeFileName(target) };
}

function entriesIn(bytes: Buffer, name: string): { readonly name: string; readonly inode: number }[] {
  const found: { name: string; inode: number }[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const inode = bytes.readUInt32LE(at);
    const length = bytes.readUInt16LE(at + 4);
    if (length < 8 || at + length > bytes.length)
      throw corruptArtifact(name, 'a directory has a broken entry');
    const entry = decodeFileName(bytes.subarray(at + 8, at + 8 + bytes.readUInt8(at + 6)));
    if (inode !== 0 && entry !== '.' && entry !== '..' && entry !== '' && !entry.includes('/'))
      found.push({ name: entry, inode });
    at += length;
  }
  return found;
}
