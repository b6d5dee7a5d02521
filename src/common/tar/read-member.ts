import { type ByteSource, CUT_SHORT, takeAll } from '../files/byte-reader.ts';
import { BLOCK, padding } from './block.ts';
import { untilNul } from './header-fields.ts';
import { MalformedTar } from './malformed.ts';
import type { TarMember } from './member.ts';
import { type Extensions, mergeHeaders } from './merge-headers.ts';
import { type PlainHeader, parseHeader } from './parse-header.ts';
import { type PaxRecord, parseRecords } from './pax-records.ts';
import { readSparse } from './read-sparse.ts';

/** Maximum size of all extended headers of a member, in bytes; attributes of files have at most 64 KiB each. */
const EXTENDED_LIMIT = 4 * 1024 * 1024;
const END = Buffer.alloc(BLOCK);
/** Keys that apply to a single file. */
const INDIVIDUAL = /^(?:path|linkpath|size|GNU\.sparse\..*)$/;

/**
 * Reads the headers of the next member (v7, ustar, pax, GNU's long names, and all sparse formats), up to its stored
 * content. We have our own reader because others decode names and attributes as UTF-8, which changes them.
 * @param globals collects the records of global headers, which apply to all later members; if absent, global headers are
 * ignored, as container tools do
 * @returns `undefined` at the end of the archive
 * @throws the error of `source.corrupt` when it is not a tar, or is ambiguous between readers
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
      return readSparse(source, mergeHeaders(header, { ...own, records }), { block, limit: EXTENDED_LIMIT });
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
