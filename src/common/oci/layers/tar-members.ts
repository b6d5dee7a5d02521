import { FactoryError } from '../../errors/factory-error.ts';
import { type ByteReader, cutShort } from './byte-reader.ts';

/** A record of an extended header, as it stands there; keys and values are bytes, one per character. */
export type PaxRecord = readonly [key: string, value: string];

/**
 * A member of a tar. All texts hold one byte per character (latin1), because names and attributes of files need not be
 * UTF-8: a capability never is.
 */
export interface Member {
  readonly name: string;
  /** One character of POSIX.1-2024, "ustar Interchange Format"; `0` for files. */
  readonly type: string;
  readonly linkName: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970, as written in an extended header or as a whole number. */
  readonly modified: string;
  /** Bytes that follow in the tar. */
  readonly size: number;
  readonly device: readonly [major: number, minor: number];
  readonly records: readonly PaxRecord[];
}

/** Size of a block of a tar. */
export const BLOCK = 512;
/** What may stand before a member in extended headers: attributes of files are at most 64 KiB each. */
const EXTENDED_LIMIT = 4 * 1024 * 1024;
const END = Buffer.alloc(BLOCK);

/**
 * Reads the next member's headers: ustar, pax and GNU's long names. The reader stands at the member's content then.
 * Written for layers: other readers turn attributes into UTF-8, which changes them.
 * @returns `undefined` at the end of the archive
 * @throws FactoryError `verification` when it is no tar, or uses what readers do not agree on
 */
export async function readMember(reader: Pick<ByteReader, 'take' | 'skip'>): Promise<Member | undefined> {
  let records: PaxRecord[] = [];
  let [longName, longLink]: (string | undefined)[] = [];
  let extended = 0;
  for (;;) {
    const block = await reader.take(BLOCK);
    const isEnd = block === undefined || block.equals(END);
    if (isEnd && extended === 0) return undefined;
    if (isEnd) throw cutShort();
    const header = parseHeader(block);
    if (!'xgLK'.includes(header.type)) return withExtensions(header, records, longName, longLink);

    extended += header.size + BLOCK;
    if (extended > EXTENDED_LIMIT) throw corrupt('a header is too long');
    const content = (await reader.take(header.size)) ?? Buffer.alloc(0);
    if (content.length < header.size) throw cutShort();
    await reader.skip(padding(header.size));
    if (header.type === 'x') records = [...records, ...parseRecords(content)];
    else if (header.type === 'L') longName = untilNul(content);
    else if (header.type === 'K') longLink = untilNul(content);
    // Global headers ('g') say nothing about a file that container tools would heed.
  }
}

/** Bytes that fill the last block of a member. */
export function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

/** The sum of a header's bytes, its own field taken as spaces. */
export function checksum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (const byte of block) sum += byte;
  for (const byte of block.subarray(148, 156)) sum -= byte;
  return sum;
}

function parseHeader(block: Buffer): Member {
  if (numberAt(block, 148, 8) !== checksum(block)) throw corrupt('a checksum is wrong');
  const text = (start: number, length: number) => untilNul(block.subarray(start, start + length));
  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? text(345, 155) : '';
  const name = prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`;
  const flag = block[156] === 0 ? '0' : block.toString('latin1', 156, 157);
  return {
    name,
    // Archives of before 1988 mark directories by their name alone; 7 is a file that lies in one piece.
    type: flag === '0' && name.endsWith('/') ? '5' : flag === '7' ? '0' : flag,
    linkName: text(157, 100),
    mode: numberAt(block, 100, 8) & 0o7777,
    uid: natural(numberAt(block, 108, 8)),
    gid: natural(numberAt(block, 116, 8)),
    size: natural(numberAt(block, 124, 12)),
    modified: String(numberAt(block, 136, 12)),
    device: '34'.includes(flag)
      ? [natural(numberAt(block, 329, 8)), natural(numberAt(block, 337, 8))]
      : [0, 0],
    records: [],
  };
}

/** An extended header goes before GNU's, and that before the plain one. The last record of a key counts. */
function withExtensions(
  header: Member,
  records: readonly PaxRecord[],
  longName: string | undefined,
  longLink: string | undefined,
): Member {
  const values = new Map(records);
  const size = digits(values.get('size')) ?? header.size;
  const hasContent = header.type === '0' || header.type === 'S';
  return {
    ...header,
    name: values.get('GNU.sparse.name') ?? values.get('path') ?? longName ?? header.name,
    linkName: values.get('linkpath') ?? longLink ?? header.linkName,
    uid: digits(values.get('uid')) ?? header.uid,
    gid: digits(values.get('gid')) ?? header.gid,
    modified: time(values.get('mtime')) ?? header.modified,
    // What is no file has no content, whatever size some writers note for a link or a directory.
    size: hasContent ? size : 0,
    records,
  };
}

/** POSIX.1-2024, "pax Extended Header": `LENGTH KEY=VALUE\n`, the length counting itself. */
function parseRecords(content: Buffer): PaxRecord[] {
  const records: PaxRecord[] = [];
  for (let start = 0; start < content.length; ) {
    const space = content.indexOf(0x20, start);
    const length = digits(content.toString('latin1', start, Math.max(space, start)));
    const end = start + (length ?? 0);
    const equals = content.indexOf(0x3d, space);
    if (space < 0 || equals < 0 || equals >= end || end > content.length || content[end - 1] !== 0x0a) {
      throw corrupt('an extended header is malformed');
    }
    records.push([
      content.toString('latin1', space + 1, equals),
      content.toString('latin1', equals + 1, end - 1),
    ]);
    start = end;
  }
  return records;
}

/** An octal number, or one in base 256 when its first bit is set (GNU). */
function numberAt(block: Buffer, start: number, length: number): number {
  const field = block.subarray(start, start + length);
  if ((field[0] ?? 0) & 0x80) {
    const value = Number(BigInt.asIntN(length * 8 - 1, BigInt(`0x${field.toString('hex')}`)));
    if (!Number.isSafeInteger(value)) throw corrupt('a number is too large');
    return value;
  }
  const octal = untilNul(field).trim();
  if (octal === '') return 0;
  if (!/^[0-7]+$/.test(octal)) throw corrupt('a number is malformed');
  return Number.parseInt(octal, 8);
}

function natural(value: number): number {
  if (value < 0) throw corrupt('a number is negative');
  return value;
}

function digits(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw corrupt('a number is malformed');
  return value;
}

function time(text: string | undefined): string | undefined {
  if (text === undefined || /^-?\d{1,12}(?:\.\d{1,12})?$/.test(text)) return text;
  throw corrupt('a time is malformed');
}

function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
}

function corrupt(reason: string): FactoryError {
  return new FactoryError('IMAGE_CORRUPT', `a layer of the image is no tar that can be read: ${reason}`, {
    remedy: 'Fetch or make the image again.',
  });
}
