import { open } from 'node:fs/promises';

/** A partition of a disk or ISO, in bytes. */
export interface TablePartition {
  readonly name: string;
  readonly start: number;
  readonly size: number;
}

const SECTOR = 512;
/** UEFI Specification 2.10, 5.3.2 "GPT Header" and 5.3.3 "GPT Partition Entry Array". */
const SIGNATURE = 'EFI PART';
const ENTRIES_LBA = 72;
const ENTRY_COUNT = 80;
const ENTRY_SIZE = 84;
const FIRST_LBA = 32;
const LAST_LBA = 40;
const NAME = 56;
const NAME_LENGTH = 72;
const ENTRY_LIMIT = 1024;

/** Reads the partitions of a GPT, in table order; none when there is no GPT. @throws when the file cannot be read */
export async function readPartitions(file: string): Promise<TablePartition[]> {
  await using handle = await open(file);
  const header = Buffer.alloc(SECTOR);
  await handle.read(header, 0, SECTOR, SECTOR);
  if (header.toString('latin1', 0, 8) !== SIGNATURE) return [];
  const size = header.readUInt32LE(ENTRY_SIZE);
  const count = Math.min(header.readUInt32LE(ENTRY_COUNT), ENTRY_LIMIT);
  if (size < NAME + NAME_LENGTH || size > 4096) return [];
  const table = Buffer.alloc(size * count);
  await handle.read(table, 0, table.length, Number(header.readBigUInt64LE(ENTRIES_LBA)) * SECTOR);
  const partitions = Array.from({ length: count }, (_, index) => {
    const entry = table.subarray(index * size, (index + 1) * size);
    const first = Number(entry.readBigUInt64LE(FIRST_LBA));
    const last = Number(entry.readBigUInt64LE(LAST_LBA));
    const name = entry.toString('utf16le', NAME, NAME + NAME_LENGTH).replace(/\0.*$/s, '');
    const isUsed = entry.subarray(0, 16).some((byte) => byte !== 0);
    return {
      isUsed,
      name: name || `partition ${index + 1}`,
      start: first * SECTOR,
      size: (last - first + 1) * SECTOR,
    };
  });
  return partitions.flatMap(({ isUsed, ...partition }) => (isUsed ? [partition] : []));
}
