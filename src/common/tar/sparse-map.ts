import { padding } from './block.ts';
import { decimal, naturalAt } from './header-fields.ts';
import { MalformedTar } from './malformed.ts';
import type { PaxRecord } from './pax-records.ts';

/** Where the stored bytes of a file with holes belong (GNU tar manual, "Storing Sparse Files"). */
export interface SparseMap {
  /** Size of the file with its holes. */
  readonly realSize: number;
  /** Stored regions in ascending order; they do not overlap. */
  readonly regions: readonly Region[];
}

/** A region of a file that the archive stores. */
export type Region = readonly [offset: number, size: number];

/** Size of an entry of the old format: two numbers of 12 bytes. */
const OLD_ENTRY = 24;
/** Where a header of the old format has its entries, the flag for more of them, and the size of the file. */
const OLD_HEADER = { entries: 386, count: 4, more: 482, realSize: 483 } as const;
/** Where a block with further entries has them, and the flag. */
const OLD_EXTENSION = { entries: 0, count: 21, more: 504 } as const;

/** A piece of the old format's map. */
export interface OldSparsePart {
  readonly regions: readonly Region[];
  /** Whether another block of entries follows. */
  readonly hasMore: boolean;
}

/** The part of an old GNU sparse map that stands in a header, or in a block after it. */
export function parseOldSparse(block: Buffer, isHeader: boolean): OldSparsePart {
  const { entries, count, more } = isHeader ? OLD_HEADER : OLD_EXTENSION;
  const regions: Region[] = [];
  for (let index = 0; index < count; index += 1) {
    const start = entries + index * OLD_ENTRY;
    if (block[start + 12] === 0) break;
    regions.push([naturalAt(block, start, 12), naturalAt(block, start + 12, 12)]);
  }
  return { regions, hasMore: block[more] !== 0 };
}

/** Size of the file in a header of the old format. */
export function oldRealSize(block: Buffer): number {
  return naturalAt(block, OLD_HEADER.realSize, 12);
}

/** The map of the formats 0.0 and 0.1, which stands in the extended header. */
export function parseRecordMap(records: readonly PaxRecord[]): Region[] {
  const last = new Map(records).get('GNU.sparse.map');
  const numbers =
    last === undefined
      ? records.filter(([key]) => /^GNU\.sparse\.(offset|numbytes)$/.test(key)).map(([, value]) => value)
      : last.split(',').filter((part) => part !== '');
  return pairs(numbers.map(decimal));
}

/** The map of the format 1.0: decimal lines that stand before the content, the first of which is their number. */
export function parseContentMap(text: string): Region[] {
  const [count = '', ...numbers] = text.split('\n');
  return pairs(numbers.slice(0, 2 * decimal(count)).map(decimal));
}

/** Writes a map in the format 1.0, in whole blocks. */
export function encodeContentMap({ regions }: SparseMap): Buffer {
  const text = Buffer.from(`${[regions.length, ...regions.flat()].join('\n')}\n`);
  return Buffer.concat([text, Buffer.alloc(padding(text.length))]);
}

/**
 * Checks a map against the bytes that are stored.
 * @throws MalformedTar when regions overlap, leave the file, or are not what is stored
 */
export function checkedSparseMap(map: SparseMap, stored: number): SparseMap {
  let [end, sum] = [0, 0];
  for (const [offset, size] of map.regions) {
    if (offset < end) throw new MalformedTar('the regions of a sparse file overlap');
    end = offset + size;
    sum += size;
  }
  if (end > map.realSize) throw new MalformedTar('a sparse file is smaller than its regions');
  if (sum !== stored) throw new MalformedTar('a sparse file does not have the content of its regions');
  return map;
}

/** Bytes of a file's holes. */
export function holesOf(map: SparseMap | undefined): number {
  return map === undefined ? 0 : map.realSize - map.regions.reduce((sum, [, size]) => sum + size, 0);
}

function pairs(numbers: readonly number[]): Region[] {
  if (numbers.length % 2 !== 0) throw new MalformedTar('the map of a sparse file is malformed');
  return Array.from(
    { length: numbers.length / 2 },
    (_, index): Region => [numbers[2 * index] ?? 0, numbers[2 * index + 1] ?? 0],
  );
}
