import { type ByteSource, CUT_SHORT, takeAll } from '../files/byte-reader.ts';
import { BLOCK, padding } from './block.ts';
import { untilNul } from './header-fields.ts';
import { MalformedTar } from './malformed.ts';
import type { TarMember } from './member.ts';
import { type Extensions, mergeHeaders } from './merge-headers.ts';
import { type PlainHeader, parseHeader } from './parse-header.ts';
import { type PaxRecord, parseRecords } from './pax-records.ts';
import { readSparse } from './read-sparse.ts';

/** Bytes of all extended headers of one member; attributes of files are at most 64 KiB each. */
const EXTENDED_LIMIT = 4 * 1024 * 1024;
const END = Buffer.alloc(BLOCK);
/** Keys that say something about one file, and about no other. */
const INDIVIDUAL = /^(?:path|linkpath|size|GNU\.sparse\..*)$/;

/**
 * Reads the next member's headers: v7, ustar, pax, GNU's long names and both kinds of sparse files. The source stands at
 * the member's stored content then. It is our own because other readers turn names and attributes into UTF-8, which
 * changes them.
 * @param globals records of global headers, which apply to all members after them; global headers are ignored when
 * absent, as container tools do
 * @returns `undefined` at the end of the archive
 * @throws the error of `source.corrupt` when it is not a tar, or holds what readers understand differently
 */
export async function readMember(
  source: ByteSource,
  globals?: Map<string, string>,
): Promise<TarMember | undefined> {
  try {
    return await nextMember(source, globals);
  } catch (error) {
    throw error instanceof MalformedTar ? source.corrupt(error.message) : error;
  }
}

async function nextMember(
  source: ByteSource,
  globals: Map<string, string> | undefined,
): Promise<TarMember | undefined> {
  let own: Extensions = { records: [] };
  let extended = 0;
  for (;;) {
    const block = await source.take(BLOCK);
    const isEnd = block === undefined || block.equals(END);
    if (isEnd && extended === 0) return undefined;
    if (isEnd || block.length < BLOCK) throw new MalformedTar(CUT_SHORT);
    const header = parseHeader(block);
    if (!'xgLK'.includes(header.type)) {
      const records = [...(globals ?? []), ...own.records];
      return readSparse(source, block, mergeHeaders(header, { ...own, records }), EXTENDED_LIMIT);
    }
    extended += header.size + BLOCK;
    if (extended > EXTENDED_LIMIT) throw new MalformedTar('a header is too long');
    const content = await takeAll(source, header.size);
    await source.skip(padding(header.size));
    if (header.type !== 'g') own = extend(own, header, content);
    else if (globals !== undefined)
      for (const [key, value] of globalRecords(content)) globals.set(key, value);
  }
}

function extend(extensions: Extensions, { type }: PlainHeader, content: Buffer): Extensions {
  if (type === 'L') return { ...extensions, longName: untilNul(content) };
  if (type === 'K') return { ...extensions, longLink: untilNul(content) };
  return { ...extensions, records: [...extensions.records, ...parseRecords(content)] };
}

function globalRecords(content: Buffer): PaxRecord[] {
  const records = parseRecords(content);
  const odd = records.find(([key]) => INDIVIDUAL.test(key));
  if (odd !== undefined) throw new MalformedTar(`a global header gives every file the same ${odd[0]}`);
  return records;
}
