import { BLOCK, padding } from './block.ts';
import { checksum } from './header-fields.ts';
import type { TarMember } from './member.ts';
import { encodeRecords, type PaxRecord } from './pax-records.ts';
import { encodeContentMap } from './sparse-map.ts';

/** Keys of extended headers that are copied; names, sizes and owners are regenerated. */
const KEPT = /^(?:SCHILY\.xattr\.|SCHILY\.acl\.|RHT\.security\.selinux$)/;
/** Attributes that control overlay filesystems, which an image must not set. */
const OVERLAY = /^SCHILY\.xattr\.(?:trusted|user)\.overlay\./;

/** The end of an archive: two empty blocks. */
export const TAR_END = Buffer.alloc(2 * BLOCK);

/**
 * Writes a member: its headers, its stored content and the padding.
 * @param stored the regions of a sparse file, or the whole content of any other file
 */
export async function* writeMember(
  member: TarMember,
  stored: Iterable<Buffer> | AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  yield encodeHeader(member);
  yield* stored;
  yield Buffer.alloc(padding(member.size));
}

/**
 * Encodes the headers of a member in a form that all readers interpret alike: an extended header with the full name, link
 * and size, and a plain header. Attributes of the file, such as capabilities and ACLs, are copied byte for byte. The map
 * of a sparse file follows in the format 1.0 (GNU tar manual, "Storing Sparse Files").
 */
export function encodeHeader(member: TarMember): Buffer {
  const { name, linkName, uid, gid, modified, sparse } = member;
  const map = sparse === undefined ? Buffer.alloc(0) : encodeContentMap(sparse);
  const size = map.length + member.size;
  const records: PaxRecord[] = [
    ['path', name],
    ...(linkName === '' ? [] : [['linkpath', linkName] as const]),
    ['size', String(size)],
    ['uid', String(uid)],
    ['gid', String(gid)],
    ['mtime', modified],
    ...(sparse === undefined ? [] : sparseRecords(name, sparse.realSize)),
    ...member.records.filter(([key]) => KEPT.test(key) && !OVERLAY.test(key)),
  ];
  const extended = encodeRecords(records);
  const plain = { mode: 0o644, uid: 0, gid: 0, linkName: '', device: [0, 0] as const };
  return Buffer.concat([
    plainHeader({ ...plain, modified: '0', name: 'PaxHeader', type: 'x', size: extended.length }),
    extended,
    Buffer.alloc(padding(extended.length)),
    // The short name is never used, but must not be empty.
    plainHeader({ ...member, name: 'member', linkName: linkName === '' ? '' : 'member', size }),
    map,
  ]);
}

function sparseRecords(name: string, realSize: number): PaxRecord[] {
  return [
    ['GNU.sparse.major', '1'],
    ['GNU.sparse.minor', '0'],
    ['GNU.sparse.name', name],
    ['GNU.sparse.realsize', String(realSize)],
  ];
}

/** Encodes a header block (POSIX.1-2024, "ustar Header Block"); numbers that do not fit are in the extended header. */
function plainHeader(member: Omit<TarMember, 'sparse' | 'records'>): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, start: number, length: number) => {
    const text = value.toString(8);
    block.write((text.length < length ? text : '0').padStart(length - 1, '0'), start, 'latin1');
  };
  block.write(member.name, 0, 100, 'latin1');
  octal(member.mode, 100, 8);
  octal(member.uid, 108, 8);
  octal(member.gid, 116, 8);
  octal(member.size, 124, 12);
  octal(Math.max(0, Math.floor(Number(member.modified))), 136, 12);
  block.write(member.type, 156, 1, 'latin1');
  block.write(member.linkName, 157, 100, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  octal(member.device[0], 329, 8);
  octal(member.device[1], 337, 8);
  octal(checksum(block), 148, 7);
  return block;
}
