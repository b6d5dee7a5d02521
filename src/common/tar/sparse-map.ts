import { BLOCK, padding } from './block.ts';
import { decimal, encodeNumber, naturalAt } from './header-fields.ts';
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

/** Size of an entry of the old format: two numbers. */
const NUMBER = 12;
const OLD_ENTRY = 2 * NUMBER;
/** Layout of a header in the old format: its entries, the flag for more entries, and the size of the file. */
const OLD_HEADER = { entries: 386, count: 4, more: 482, realSize: 483 } as const;
/** Layout of a block with further entries, and the flag for more. */
const OLD_EXTENSION = { entries: 0, count: 21, more: 504 } as const;

/** A part of a map in the old format. */
export interface OldSparsePart {
  readonly regions: readonly Region[];
  /** Whether another block of entries follows. */
  readonly hasMore: boolean;
}

/** Parses the part of an old GNU sparse map that is in the header. */
export function parseOldHeader(block: Buffer): OldSparsePart {
  return parseOldPart(block, OLD_HEADER);
}

/** Parses the part of an old GNU sparse map that is in a block after the header. */
export function parseOldExtension(block: Buffer): OldSparsePart {
  return parseOldPart(block, OLD_EXTENSION);
}

/**
 * Encodes a map in the old format: what belongs into the header, and the blocks after it. A file that ends in a hole has an empty
 * region at its end, without which GNU tar does not make that hole.
 */
export function encodeOldMap({ realSize, regions }: SparseMap): {
  readonly header: { readonly start: number; readonly bytes: Buffer };
  readonly blocks: Buffer;
} {
  const last = regions.at(-1);
  const all: readonly Region[] =
    last !== undefined && last[0] + last[1] === realSize ? regions : [...regions, [realSize, 0]];
  const { entries, count, more, realSize: sizeAt } = OLD_HEADER;
  const header = Buffer.alloc(sizeAt + NUMBER - entries);
  writeOldEntries(header, all.slice(0, count));
  header[more - entries] = all.length > count ? 1 : 0;
  encodeNumber(realSize, NUMBER).copy(header, sizeAt - entries);
  const blocks: Buffer[] = [];
  for (let at: number = count; at < all.length; at += OLD_EXTENSION.count) {
    const block = Buffer.alloc(BLOCK);
    writeOldEntries(block, all.slice(at, at + OLD_EXTENSION.count));
    block[OLD_EXTENSION.more] = at + OLD_EXTENSION.count < all.length ? 1 : 0;
    blocks.push(block);
  }
  return { header: { start: entries, bytes: header }, blocks: Buffer.concat(blocks) };
}

function writeOldEntries(target: Buffer, regions: readonly Region[]): void {
  regions.forEach(([offset, size], index) => {
    encodeNumber(offset, NUMBER).copy(target, index * OLD_ENTRY);
    encodeNumber(size, NUMBER).copy(target, index * OLD_ENTRY + NUMBER);
  });
}

function parseOldPart(
  block: Buffer,
  { entries, count, more }: { readonly entries: number; readonly count: number; readonly more: number },
): OldSparsePart {
  const regions: Region[] = [];
  for (let index = 0; index < count; index += 1) {
    const start = entries + index * OLD_ENTRY;
    if (block[start + 12] === 0) break;
    regions.push([naturalAt(block, start, 12), naturalAt(block, start + 12, 12)]);
  }
  return { regions, hasMore: block[more] !== 0 };
}

/** Returns the size of the file from a header in the old format. */
export function oldRealSize(block: Buffer): number {
  return naturalAt(block, OLD_HEADER.realSize, 12);
}

/** Parses the map of the formats 0.0 and 0.1 from the records of the extended header. */
export function parseRecordMap(records: readonly PaxRecord[]): Region[] {
  const last = new Map(records).get('GNU.sparse.map');
  const numbers =
    last === undefined
      ? records.filter(([key]) => /^GNU\.sparse\.(offset|numbytes)$/.test(key)).map(([, value]) => value)
      : last.split(',').filter((part) => part !== '');
  return pairs(numbers.map(decimal));
}

/** Parses the map of the format 1.0: lines before the content, the first of which is the number of regions. */
export function parseContentMap(text: string): Region[] {
  const [count = '', ...numbers] = text.split('\n');
  return pairs(numbers.slice(0, 2 * decimal(count)).map(decimal));
}

/** Encodes a map in the format 1.0, padded to whole blocks. */
export function encodeContentMap({ regions }: SparseMap): Buffer {
  const text = Buffer.from(`${[regions.length, ...regions.flat()].join('\n')}\n`);
  return Buffer.concat([text, Buffer.alloc(padding(text.length))]);
}

/**
 * Checks a map against the size of the stored content, and returns it.
 * @throws MalformedTar when regions overlap, exceed the file, or do not match the stored size
 */
export function checkedSparseMap(map: SparseMap, stored: number): SparseMap {
  let end = 0;
  let sum = 0;
  for (const [offset, size] of map.regions) {
    if (offset < end) throw new MalformedTar('the regions of a sparse file overlap');
    end = offset + size;
    sum += size;
  }
  if (end > map.realSize) throw new MalformedTar('a sparse file is smaller than its regions');
  if (sum !== stored) throw new MalformedTar('a sparse file does not have the content of its regions');
  return map;
}

/** Returns the total size of a file's holes, in bytes. */
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
