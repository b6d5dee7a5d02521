import { BLOCK, checksum, type Member, type PaxRecord, padding } from './tar-members.ts';

/** Keys of extended headers that are handed on; names, sizes and owners are written anew. */
const KEPT = /^(?:SCHILY\.xattr\.|SCHILY\.acl\.|RHT\.security\.selinux$|GNU\.sparse\.)/;
/** Attributes by which overlay filesystems find their way: an image must not decide on that. */
const OVERLAY = /^SCHILY\.xattr\.(?:trusted|user)\.overlay\./;

/**
 * The headers of a member in one form that no two readers understand differently: an extended header with name, link and
 * size in full, and a plain one. What else a file has, such as capabilities and ACLs, is handed on byte by byte.
 */
export function encodeHeader(member: Member): Buffer {
  const { name, linkName, size, uid, gid, modified } = member;
  const kept = member.records
    .filter(([key]) => KEPT.test(key) && !OVERLAY.test(key))
    // GNU's sparse files have the name of the real file in a record of their own.
    .map(([key, value]): PaxRecord => [key, key === 'GNU.sparse.name' ? name : value]);
  const records: PaxRecord[] = [
    ['path', name],
    ...(linkName === '' ? [] : [['linkpath', linkName] as const]),
    ['size', String(size)],
    ['uid', String(uid)],
    ['gid', String(gid)],
    ['mtime', modified],
    ...kept,
  ];
  const extended = Buffer.concat(records.map(encodeRecord));
  const plain = { mode: 0o644, uid: 0, gid: 0, linkName: '', device: [0, 0] as const };
  return Buffer.concat([
    plainHeader({ ...plain, name: 'PaxHeader', type: 'x', size: extended.length }),
    extended,
    Buffer.alloc(padding(extended.length)),
    // The short name is never used; it must not be empty.
    plainHeader({ ...member, name: 'member', linkName: linkName === '' ? '' : 'member' }),
  ]);
}

/** What ends an archive: two empty blocks. */
export const TAR_END = Buffer.alloc(2 * BLOCK);

function encodeRecord([key, value]: PaxRecord): Buffer {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  // The length counts its own digits, too.
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.from(`${length}${rest}`, 'latin1');
}

/** POSIX.1-2024, "ustar Header Block"; numbers that do not fit stand in the extended header. */
function plainHeader(
  member: Pick<Member, 'name' | 'type' | 'linkName' | 'mode' | 'uid' | 'gid' | 'size' | 'device'>,
): Buffer {
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
  octal(0, 136, 12);
  block.write(member.type, 156, 1, 'latin1');
  block.write(member.linkName, 157, 100, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  octal(member.device[0], 329, 8);
  octal(member.device[1], 337, 8);
  octal(checksum(block), 148, 7);
  return block;
}
