import { decodeFileName } from '../../common/files/file-name.ts';
import type { ByteView } from './byte-view.ts';
import { cachedView } from './cached-view.ts';
import { corruptArtifact } from './corrupt-artifact.ts';
import { DIRECTORY_LIMIT, type Filesystem, type MediaNode } from './filesystem.ts';
import { decompressorOf } from './squashfs-compression.ts';
import { squashfsContent } from './squashfs-content.ts';
import { readSquashfsInode, type SquashfsInode } from './squashfs-inode.ts';
import { metadataReader } from './squashfs-metadata.ts';

// Kernel documentation, "Squashfs 4.0 Filesystem", and the headers of squashfs-tools.
const MAGIC = 'hsqs';
const SUPERBLOCK = 96;
/** A directory counts three bytes more than it has. */
const DIRECTORY_EXTRA = 3;

/** What a squashfs says about itself. */
export interface SquashfsFacts {
  /** gzip, zstd, xz, … */
  readonly compression: string;
  readonly blockSize: number;
}

/** Whether the first bytes are those of a squashfs. */
export function isSquashfs(head: Buffer): boolean {
  return head.toString('latin1', 0, 4) === MAGIC;
}

/**
 * Opens a squashfs 4.0.
 * @throws FactoryError `verification` when it is not one, is cut short, or has a compression that Node.js cannot read
 */
export async function openSquashfs(bytes: ByteView): Promise<Filesystem & SquashfsFacts> {
  const view = cachedView(bytes);
  const block = await view.read(0, SUPERBLOCK);
  const used = Number(block.readBigUInt64LE(40));
  const blockSize = block.readUInt32LE(12);
  if (block.toString('latin1', 0, 4) !== MAGIC || block.readUInt16LE(28) !== 4)
    throw corruptArtifact(view.name, 'it is not a squashfs 4.0');
  if (used > view.size)
    throw corruptArtifact(
      view.name,
      `it has ${view.size} bytes, and its filesystem ${used}: it is cut short`,
    );
  if (blockSize < 4096 || blockSize > 1024 * 1024)
    throw corruptArtifact(view.name, 'its super block has impossible values');
  const { name: compression, decompress } = decompressorOf(block.readUInt16LE(20), view.name);
  const metadata = metadataReader(view, decompress);
  const inodes = Number(block.readBigUInt64LE(64));
  const directories = Number(block.readBigUInt64LE(72));
  const disk = { view, metadata, decompress, blockSize, fragments: Number(block.readBigUInt64LE(80)) };
  const inode = (place: number) => readSquashfsInode(disk, inodes, place);
  const node = (name: string, place: number, found: SquashfsInode): MediaNode => ({
    name,
    place,
    kind: found.kind,
    size: found.kind === 'file' ? found.size : 0,
    ...(found.target === undefined ? {} : { target: decodeFileName(found.target) }),
  });
  return {
    type: 'squashfs',
    label: '',
    compression,
    blockSize,
    root: { name: '', kind: 'directory', size: 0, place: placeOf(block.readBigUInt64LE(32)) },
    children: async ({ place }) => {
      const { size, start, offset } = await inode(place);
      if (size > DIRECTORY_LIMIT) throw corruptArtifact(view.name, 'a directory is too large');
      const length = Math.max(size - DIRECTORY_EXTRA, 0);
      const listing = await metadata.read(directories + start, offset, length);
      const nodes: MediaNode[] = [];
      for (const entry of entriesIn(listing, view.name))
        nodes.push(node(entry.name, entry.place, await inode(entry.place)));
      return nodes;
    },
    open: async ({ place }) => squashfsContent(disk, await inode(place)),
  };
}

/** A reference to an inode as a number: 48 bits, the block in the upper 32, the offset in the lower 16. */
function placeOf(reference: bigint): number {
  return Number(reference & 0xffffffffffffn);
}

function entriesIn(bytes: Buffer, name: string): { readonly name: string; readonly place: number }[] {
  const found: { name: string; place: number }[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + 12 > bytes.length) throw corruptArtifact(name, 'a directory is cut short');
    const count = bytes.readUInt32LE(at) + 1;
    const block = bytes.readUInt32LE(at + 4);
    at += 12;
    for (let index = 0; index < count; index += 1) {
      if (at + 8 > bytes.length) throw corruptArtifact(name, 'a directory is cut short');
      const end = at + 8 + bytes.readUInt16LE(at + 6) + 1;
      const entry = decodeFileName(bytes.subarray(at + 8, end));
      if (end > bytes.length || ['', '.', '..'].includes(entry) || entry.includes('/'))
        throw corruptArtifact(name, 'a directory has a broken entry');
      found.push({ name: entry, place: block * 65536 + bytes.readUInt16LE(at) });
      at = end;
    }
  }
  return found;
}
