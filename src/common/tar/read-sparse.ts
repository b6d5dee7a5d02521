import { type ByteSource, takeAll } from '../files/byte-reader.ts';
import { BLOCK } from './block.ts';
import { decimal } from './header-fields.ts';
import { MalformedTar } from './malformed.ts';
import type { TarMember } from './member.ts';
import {
  checkedSparseMap,
  oldRealSize,
  parseContentMap,
  parseOldExtension,
  parseOldHeader,
  parseRecordMap,
  type Region,
} from './sparse-map.ts';

const PREFIX = 'GNU.sparse.';

/**
 * Reads the map of a sparse file from where its format stores it: blocks after the header (GNU's `S`), the extended
 * header (0.0, 0.1), or the beginning of the content (1.0). The source is then at the stored content.
 * @param header the block of the member's plain header, and the maximum size of a map in bytes
 * @returns the member as a file, with its map if it is sparse
 * @throws MalformedTar when the map does not fit the content
 */
export async function readSparse(
  source: ByteSource,
  member: TarMember,
  { block, limit }: { readonly block: Buffer; readonly limit: number },
): Promise<TarMember> {
  const values = new Map(member.records.filter(([key]) => key.startsWith(PREFIX)));
  if (member.type !== 'S' && values.size === 0) return member;
  if (member.type === 'S') {
    if (values.size > 0) throw new MalformedTar('a sparse file has two maps');
    const regions = await readOldMap(source, block, limit);
    return asFile(member, regions, oldRealSize(block));
  }
  if (member.type !== '0') throw new MalformedTar('a member other than a file is sparse');

  const version = [values.get('GNU.sparse.major'), values.get('GNU.sparse.minor')].join('.');
  const realSize = values.get('GNU.sparse.realsize') ?? values.get('GNU.sparse.size');
  if (realSize === undefined) throw new MalformedTar('a sparse file has no size');
  if (version === '1.0') {
    const { text, size } = await readContentMap(source, Math.min(limit, member.size));
    return asFile({ ...member, size: member.size - size }, parseContentMap(text), decimal(realSize));
  }
  if (!['.', '0.0', '0.1'].includes(version)) throw new MalformedTar('a sparse file has an unknown format');
  return asFile(member, parseRecordMap(member.records), decimal(realSize));
}

/** Returns the member with its map, and without the records of the map. */
function asFile(member: TarMember, regions: readonly Region[], realSize: number): TarMember {
  const records = member.records.filter(([key]) => !key.startsWith(PREFIX));
  const sparse = checkedSparseMap({ realSize, regions }, member.size);
  return { ...member, type: '0', records, sparse };
}

async function readOldMap(source: ByteSource, header: Buffer, limit: number): Promise<Region[]> {
  let { regions, hasMore } = parseOldHeader(header);
  const all = [...regions];
  for (let read = BLOCK; hasMore; read += BLOCK) {
    if (read > limit) throw new MalformedTar('the map of a sparse file is too long');
    ({ regions, hasMore } = parseOldExtension(await takeAll(source, BLOCK)));
    all.push(...regions);
  }
  return all;
}

/** Reads blocks until it has as many lines as the first line says. */
async function readContentMap(
  source: ByteSource,
  limit: number,
): Promise<{ readonly text: string; readonly size: number }> {
  const blocks: Buffer[] = [];
  let wanted: number | undefined;
  let lines = 0;
  do {
    if ((blocks.length + 1) * BLOCK > limit) throw new MalformedTar('the map of a sparse file is too long');
    const block = await takeAll(source, BLOCK);
    for (const byte of block) if (byte === 0x0a) lines += 1;
    blocks.push(block);
    wanted ??= 1 + 2 * decimal(block.toString('latin1').split('\n', 1)[0] ?? '');
  } while (lines < wanted);
  return { text: Buffer.concat(blocks).toString('latin1'), size: blocks.length * BLOCK };
}
