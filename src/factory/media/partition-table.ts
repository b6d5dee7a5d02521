import type { ByteView } from './byte-view.ts';
import { formatUuid } from './format-uuid.ts';

/** A partition of a disk or ISO, in bytes. */
export interface TablePartition {
  readonly name: string;
  readonly start: number;
  readonly size: number;
  /** GUID of its type. */
  readonly type: string;
  readonly guid: string;
}

/** A GUID partition table. */
export interface PartitionTable {
  /** GUID of the disk. */
  readonly guid: string;
  /** In table order. */
  readonly partitions: readonly TablePartition[];
}

const SECTORS = [512, 4096];
/** UEFI Specification 2.10, 5.3.2 "GPT Header" and 5.3.3 "GPT Partition Entry Array". */
const SIGNATURE = 'EFI PART';
const DISK_GUID = 56;
const ENTRIES_LBA = 72;
const ENTRY_COUNT = 80;
const ENTRY_SIZE = 84;
const GUID = 16;
const FIRST_LBA = 32;
const LAST_LBA = 40;
const NAME = 56;
const NAME_LENGTH = 72;
const ENTRY_LIMIT = 1024;

/**
 * Reads a GPT with sectors of 512 or 4096 bytes.
 * @returns `undefined` when there is none
 * @throws FactoryError `verification` when its entries are beyond the end
 */
export async function readPartitionTable(view: ByteView): Promise<PartitionTable | undefined> {
  for (const sector of SECTORS) {
    if (view.size < 2 * sector) continue;
    const header = await view.read(sector, 512);
    if (header.toString('latin1', 0, 8) !== SIGNATURE) continue;
    const size = header.readUInt32LE(ENTRY_SIZE);
    const count = Math.min(header.readUInt32LE(ENTRY_COUNT), ENTRY_LIMIT);
    if (size < NAME + NAME_LENGTH || size > 4096) continue;
    const table = await view.read(Number(header.readBigUInt64LE(ENTRIES_LBA)) * sector, size * count);
    const partitions = Array.from({ length: count }, (_, index) =>
      partitionIn(table.subarray(index * size, (index + 1) * size), { index, sector }),
    );
    return {
      guid: formatUuid(header.subarray(DISK_GUID, DISK_GUID + GUID), { mixed: true }),
      partitions: partitions.filter((found) => found !== undefined),
    };
  }
  return undefined;
}

function partitionIn(
  entry: Buffer,
  { index, sector }: { readonly index: number; readonly sector: number },
): TablePartition | undefined {
  if (entry.subarray(0, GUID).every((byte) => byte === 0)) return undefined;
  const first = Number(entry.readBigUInt64LE(FIRST_LBA));
  const last = Number(entry.readBigUInt64LE(LAST_LBA));
  const name = entry.toString('utf16le', NAME, NAME + NAME_LENGTH).replace(/\0.*$/s, '');
  return {
    name: name || `partition ${index + 1}`,
    start: first * sector,
    size: (last - first + 1) * sector,
    type: formatUuid(entry.subarray(0, GUID), { mixed: true }),
    guid: formatUuid(entry.subarray(GUID, 2 * GUID), { mixed: true }),
  };
}
