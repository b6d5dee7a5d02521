import type { ByteView } from './byte-view.ts';
import { requireInside } from './byte-view.ts';
import { corruptArtifact } from './corrupt-artifact.ts';

/** What an inode says about the blocks of its file (kernel documentation, "ext4 Data Structures": inode i_flags, i_block). */
export interface BlockMap {
  readonly size: number;
  readonly flags: number;
  /** i_block: a map of blocks, or the root of a tree of extents. */
  readonly map: Buffer;
}

/** A run of blocks: in the file, on the disk. A run that is not written has no place. */
interface Extent {
  readonly first: number;
  readonly count: number;
  readonly start: number | undefined;
}

interface Disk {
  readonly view: ByteView;
  /** Bytes of a block. */
  readonly block: number;
}

const USES_EXTENTS = 0x80000;
const EXTENT_MAGIC = 0xf30a;
/** A longer run is reserved, but not written. */
const WRITTEN = 32768;
const EXTENT_LIMIT = 1_000_000;
const DIRECT = 12;

/** The content of a file as a view. Holes are zeros. @throws FactoryError `verification` when its map is broken */
export async function blocksOf(disk: Disk, inode: BlockMap): Promise<ByteView> {
  const { view, block } = disk;
  const extents = inode.flags & USES_EXTENTS ? await extentsOf(disk, inode.map) : undefined;
  const find = extents
    ? async (index: number) => inExtents(extents, index)
    : (index: number) => inMap(disk, inode.map, index);
  const { name } = view;
  const { size } = inode;
  return {
    name,
    size,
    read: async (start, length) => {
      requireInside({ name, size }, start, length);
      const bytes = Buffer.alloc(length);
      for (let at = start; at < start + length; ) {
        const index = Math.floor(at / block);
        const { place, count } = await find(index);
        const inside = at - index * block;
        const take = Math.min(count * block - inside, start + length - at);
        if (place !== undefined) (await view.read(place * block + inside, take)).copy(bytes, at - start);
        at += take;
      }
      return bytes;
    },
  };
}

interface Run {
  /** Block on the disk; absent for a hole. */
  readonly place: number | undefined;
  /** Number of blocks that follow each other, at least 1. */
  readonly count: number;
}

async function extentsOf({ view, block }: Disk, root: Buffer): Promise<Extent[]> {
  const found: Extent[] = [];
  const read = async (node: Buffer, depth: number): Promise<void> => {
    const entries = node.readUInt16LE(2);
    if (node.readUInt16LE(0) !== EXTENT_MAGIC || depth > 5 || 12 + entries * 12 > node.length)
      throw corruptArtifact(view.name, 'a file has a broken tree of extents');
    for (let at = 12; at < 12 + entries * 12; at += 12) {
      if (node.readUInt16LE(6) > 0) {
        const leaf = node.readUInt32LE(at + 4) + node.readUInt16LE(at + 8) * 2 ** 32;
        await read(await view.read(leaf * block, block), depth + 1);
        continue;
      }
      const length = node.readUInt16LE(at + 4);
      const isWritten = length <= WRITTEN;
      const start = node.readUInt16LE(at + 6) * 2 ** 32 + node.readUInt32LE(at + 8);
      const count = isWritten ? length : length - WRITTEN;
      found.push({ first: node.readUInt32LE(at), count, start: isWritten ? start : undefined });
      if (found.length > EXTENT_LIMIT) throw corruptArtifact(view.name, 'a file has too many extents');
    }
  };
  await read(root, 0);
  return found.sort((a, b) => a.first - b.first);
}

function inExtents(extents: readonly Extent[], index: number): Run {
  let low = 0;
  let high = extents.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((extents[middle]?.first ?? 0) <= index) low = middle + 1;
    else high = middle;
  }
  const { first = 0, count = 0, start } = extents[low - 1] ?? {};
  const past = index - first;
  if (past < count) return { place: start === undefined ? undefined : start + past, count: count - past };
  const next = extents[low]?.first;
  return { place: undefined, count: next === undefined ? Number.MAX_SAFE_INTEGER / 65536 : next - index };
}

/** Looks a block up in the map of ext2: twelve blocks, then blocks of pointers in up to three levels. */
async function inMap({ view, block }: Disk, map: Buffer, index: number): Promise<Run> {
  if (index < DIRECT) return run(map.readUInt32LE(index * 4));
  const fan = block / 4;
  let rest = index - DIRECT;
  for (let level = 1; level <= 3; level += 1) {
    const reach = fan ** level;
    if (rest >= reach) {
      rest -= reach;
      continue;
    }
    let pointer = map.readUInt32LE((DIRECT + level - 1) * 4);
    for (let step = level - 1; step >= 0 && pointer !== 0; step -= 1) {
      const slot = Math.floor(rest / fan ** step) % fan;
      pointer = (await view.read(pointer * block + slot * 4, 4)).readUInt32LE(0);
    }
    return run(pointer);
  }
  throw corruptArtifact(view.name, 'a file is larger than its filesystem allows');
}

function run(place: number): Run {
  return { place: place === 0 ? undefined : place, count: 1 };
}
