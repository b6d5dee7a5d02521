import { type FileHandle, open } from 'node:fs/promises';
import { FactoryError } from '../../common/errors/factory-error.ts';

// Offsets: kernel documentation, "ext4 Data Structures and Algorithms", sections Super Block, Block Group Descriptors,
// Inode Table. ext2 has the same layout.
const SUPERBLOCK = 1024;
const MAGIC = 0xef53;
const FEATURE_64BIT = 0x80;
const FEATURE_METADATA_CSUM = 0x400;
const ATIME = 0x08;
const CTIME = 0x0c;
const CRTIME = 0x90;
const CTIME_EXTRA = 0x84;
const ATIME_EXTRA = 0x8c;
const CRTIME_EXTRA = 0x94;

/**
 * Sets the access, change and creation time of every inode of an ext2 or ext4 filesystem. `mke2fs -d` copies these times
 * from the source directory, where they depend on when it was read. Modification times are kept.
 * @param offset offset of the filesystem in the file, in bytes
 * @param epoch Unix timestamp in seconds
 * @throws FactoryError `step` when there is no such filesystem, or when its inodes have checksums
 */
export async function setInodeTimes(file: string, offset: number, epoch: number): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    const superblock = await readAt(handle, offset + SUPERBLOCK, 1024);
    if (superblock.readUInt16LE(0x38) !== MAGIC)
      throw new FactoryError('TOOL_FAILED', `${file} is not an ext filesystem`);
    if (superblock.readUInt32LE(0x64) & FEATURE_METADATA_CSUM) {
      throw new FactoryError('TOOL_FAILED', `${file}: inodes with checksums cannot be changed in place`);
    }
    const blockSize = 1024 << superblock.readUInt32LE(0x18);
    const blocksPerGroup = superblock.readUInt32LE(0x20);
    const inodesPerGroup = superblock.readUInt32LE(0x28);
    const inodeSize = superblock.readUInt16LE(0x58);
    const wide = (superblock.readUInt32LE(0x60) & FEATURE_64BIT) !== 0;
    const descriptorSize = wide ? superblock.readUInt16LE(0xfe) : 32;
    const groups = Math.ceil(superblock.readUInt32LE(0x04) / blocksPerGroup);
    const firstDescriptor = offset + (blockSize === 1024 ? 2 : 1) * blockSize;
    const descriptors = await readAt(handle, firstDescriptor, groups * descriptorSize);
    for (let group = 0; group < groups; group += 1) {
      const at = group * descriptorSize;
      const pointer = (low: number, high: number) =>
        descriptors.readUInt32LE(at + low) + (wide ? descriptors.readUInt32LE(at + high) * 2 ** 32 : 0);
      const bitmap = await readAt(
        handle,
        offset + pointer(0x04, 0x24) * blockSize,
        Math.ceil(inodesPerGroup / 8),
      );
      const used = lastBit(bitmap, inodesPerGroup) + 1;
      if (used === 0) continue;
      const place = offset + pointer(0x08, 0x28) * blockSize;
      const table = await readAt(handle, place, used * inodeSize);
      for (let index = 0; index < used; index += 1) {
        if (((bitmap[index >> 3] ?? 0) >> (index & 7)) & 1)
          stamp(table.subarray(index * inodeSize, (index + 1) * inodeSize), epoch);
      }
      await handle.write(table, 0, table.length, place);
    }
  } finally {
    await handle.close();
  }
}

function stamp(inode: Buffer, epoch: number): void {
  // Reserved inodes that were never written remain unchanged.
  if (inode.readUInt16LE(0) === 0) return;
  inode.writeUInt32LE(epoch, ATIME);
  inode.writeUInt32LE(epoch, CTIME);
  if (inode.length <= 128) return;
  // i_extra_isize is the size of the second half that is in use.
  const extra = 128 + inode.readUInt16LE(0x80);
  for (const [field, value] of [
    [CTIME_EXTRA, 0],
    [ATIME_EXTRA, 0],
    [CRTIME, epoch],
    [CRTIME_EXTRA, 0],
  ] as const) {
    if (field + 4 <= extra) inode.writeUInt32LE(value, field);
  }
}

function lastBit(bitmap: Buffer, bits: number): number {
  for (let index = bits - 1; index >= 0; index -= 1) {
    if (((bitmap[index >> 3] ?? 0) >> (index & 7)) & 1) return index;
  }
  return -1;
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, position);
  if (bytesRead < length) throw new FactoryError('TOOL_FAILED', 'the filesystem is truncated');
  return buffer;
}
