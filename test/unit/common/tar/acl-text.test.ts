import { expect, test } from 'vitest';
import { withAclText } from '../../../../src/common/tar/acl-text.ts';
import type { TarMember } from '../../../../src/common/tar/member.ts';
import type { PaxRecord } from '../../../../src/common/tar/pax-records.ts';

const ACCESS = 'SCHILY.xattr.system.posix_acl_access';

function records(...own: PaxRecord[]): readonly PaxRecord[] {
  const member: TarMember = {
    name: 'f',
    type: '0',
    linkName: '',
    mode: 0o640,
    uid: 0,
    gid: 0,
    modified: '0',
    size: 0,
    device: [0, 0],
    records: own,
  };
  return withAclText(member).records;
}

/** The binary form, one character per byte. */
function acl(...entries: readonly (readonly [tag: number, permissions: number, id?: number])[]): string {
  const bytes = Buffer.alloc(4 + 8 * entries.length);
  bytes.writeUInt32LE(2);
  for (const [index, [tag, permissions, id = 0xffffffff]] of entries.entries()) {
    bytes.writeUInt16LE(tag, 4 + 8 * index);
    bytes.writeUInt16LE(permissions, 6 + 8 * index);
    bytes.writeUInt32LE(id, 8 + 8 * index);
  }
  return bytes.toString('latin1');
}

test('every kind of entry has its text', () => {
  const binary = acl([1, 7], [2, 6, 65_534], [4, 5], [8, 4, 3_000_000_000], [16, 3], [32, 0]);
  expect(records([ACCESS, binary])).toEqual([
    [ACCESS, binary],
    ['SCHILY.acl.access', 'user::rwx,user:65534:rw-,group::r-x,group:3000000000:r--,mask::-wx,other::---'],
  ]);
  const byDefault = 'SCHILY.xattr.system.posix_acl_default';
  expect(records([byDefault, acl([1, 7])])[1]).toEqual(['SCHILY.acl.default', 'user::rwx']);
});

test('a text that is there stays', () => {
  const own: PaxRecord[] = [
    [ACCESS, acl([1, 7])],
    ['SCHILY.acl.access', 'user::r--'],
  ];
  expect(records(...own)).toEqual(own);
});

test.each([
  ['nothing', ''],
  ['another version', '\x03\0\0\0\x01\0\x07\0\xff\xff\xff\xff'],
  ['a cut entry', acl([1, 7]).slice(0, -1)],
  ['an unknown tag', acl([64, 7])],
  ['no entries', acl()],
])('%s has no text', (_, binary) => {
  expect(records([ACCESS, binary])).toHaveLength(1);
});
