import type { TarMember } from './member.ts';
import type { PaxRecord } from './pax-records.ts';

/** Kinds of ACLs by the attribute that Linux stores them in, and the record of tar programs with their text. */
const KINDS = [
  ['SCHILY.xattr.system.posix_acl_access', 'SCHILY.acl.access'],
  ['SCHILY.xattr.system.posix_acl_default', 'SCHILY.acl.default'],
] as const;
/** Words of the text form by the tags of the binary form (Linux, "include/uapi/linux/posix_acl.h"). */
const TAGS: ReadonlyMap<number, string> = new Map([
  [0x01, 'user'],
  [0x02, 'user'],
  [0x04, 'group'],
  [0x08, 'group'],
  [0x10, 'mask'],
  [0x20, 'other'],
]);
/** Tags of entries for a named user or group. */
const NAMED = [0x02, 0x08];
const VERSION = 2;
const ENTRY = 8;

/**
 * Adds the text form of ACLs to a member that has only the binary one. Container engines store the attribute as Linux has it,
 * but tar programs that restore ACLs read only their own record, and skip the attribute.
 */
export function withAclText(member: TarMember): TarMember {
  const added = KINDS.flatMap(([attribute, record]): PaxRecord[] => {
    if (member.records.some(([key]) => key === record)) return [];
    const binary = member.records.findLast(([key]) => key === attribute)?.[1];
    const text = binary === undefined ? undefined : aclText(Buffer.from(binary, 'latin1'));
    return text === undefined ? [] : [[record, text]];
  });
  return added.length === 0 ? member : { ...member, records: [...member.records, ...added] };
}

/** The text form (acl(5), "SHORT TEXT FORM") with numeric ids; `undefined` for bytes that are not an ACL. */
function aclText(binary: Buffer): string | undefined {
  if (binary.length < 4 || (binary.length - 4) % ENTRY !== 0 || binary.readUInt32LE(0) !== VERSION)
    return undefined;
  const entries: string[] = [];
  for (let at = 4; at < binary.length; at += ENTRY) {
    const tag = binary.readUInt16LE(at);
    const word = TAGS.get(tag);
    if (word === undefined) return undefined;
    const permissions = binary.readUInt16LE(at + 2);
    const id = NAMED.includes(tag) ? String(binary.readUInt32LE(at + 4)) : '';
    entries.push(
      `${word}:${id}:${[...'rwx'].map((letter, bit) => (permissions & (4 >> bit) ? letter : '-')).join('')}`,
    );
  }
  return entries.length === 0 ? undefined : entries.join(',');
}
