import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { gnuLong, type TestMember, tarBytes } from '../../support/tar-bytes.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { readAll, rewrite } from './support/read-all.ts';

const LATIN1 = 'srv/x_\xe9';
/** Every byte but NUL, which names cannot contain. */
const BYTES = String.fromCharCode(...Array.from({ length: 255 }, (_, index) => index + 1));
/** `cap_setuid=ep`, whose byte 0x80 is not valid UTF-8. */
const CAPABILITY = '\x01\0\0\x02\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0';

test.each<[string, TestMember[], object]>([
  ['a Latin-1 name', [{ name: LATIN1, content: 'x' }], { name: LATIN1, type: '0', size: 1 }],
  ['a name with a newline', [{ name: 'a\nb' }], { name: 'a\nb' }],
  ['any bytes in an extended name', [{ name: 'x', pax: { path: BYTES } }], { name: BYTES }],
  ['the prefix of ustar', [{ name: 'f', prefix: 'd'.repeat(155) }], { name: `${'d'.repeat(155)}/f` }],
  ['a long name of GNU', [gnuLong('L', BYTES), { name: 'x' }], { name: BYTES }],
  [
    'a long link of GNU',
    [gnuLong('K', BYTES), { name: 'x', type: 'link', linkName: 'y' }],
    { name: 'x', type: '2', linkName: BYTES },
  ],
  [
    'a link target in any bytes',
    [{ name: 'x', type: 'link', linkName: 'caf\xe9' }],
    { type: '2', linkName: 'caf\xe9' },
  ],
  ['a hard link', [{ name: 'x', type: 'hard', linkName: LATIN1 }], { type: '1', linkName: LATIN1 }],
  [
    'a large owner',
    [{ name: 'x', base256: true, uid: 3_000_000, gid: 2 ** 32 - 2 }],
    { uid: 3_000_000, gid: 2 ** 32 - 2 },
  ],
  ['a time before 1970', [{ name: 'x', base256: true, modified: -86_400 }], { modified: '-86400' }],
  ['a late time', [{ name: 'x', base256: true, modified: 2 ** 33 }], { modified: '8589934592' }],
  ['a fraction', [{ name: 'x', pax: { mtime: '-1.000000001' } }], { modified: '-1.000000001' }],
  ['a directory by its name', [{ name: 'd/' }], { name: 'd/', type: '5', size: 0 }],
  ['an empty value, which takes back', [{ name: 'x', pax: { path: '' } }], { name: 'x' }],
  ['a device', [{ name: 'x', type: 'block', device: [254, 3] }], { type: '4', device: [254, 3] }],
])('%s survives reading and writing', async (_, members, expected) => {
  const bytes = tarBytes(members);
  const [read] = await readAll(bytes);
  expect(read?.member).toMatchObject(expected);
  const [again] = await readAll(await rewrite(bytes));
  expect(again?.member).toMatchObject(expected);
  expect(again?.stored).toEqual(read?.stored);
});

test('capabilities, ACLs and other attributes are preserved byte for byte', async () => {
  const pax = {
    'SCHILY.xattr.security.capability': CAPABILITY,
    'SCHILY.xattr.system.posix_acl_access': '\x02\0\0\0\x01\0\x07\0\xff\xff\xff\xff',
    'SCHILY.xattr.user.lines': 'a\nb=c\n',
    'SCHILY.xattr.user.empty': '',
  };
  const written = await rewrite(tarBytes([{ name: 'f', content: 'x', pax }]));
  const [read] = await readAll(written);
  expect(Object.fromEntries(read?.member.records ?? [])).toMatchObject(pax);
  // For other readers, too: the whole record, including its length of 57.
  expect(written.includes(`57 SCHILY.xattr.security.capability=${CAPABILITY}\n`, 0, 'latin1')).toBe(true);
});

test('attributes of overlay filesystems are dropped', async () => {
  const pax = { 'SCHILY.xattr.trusted.overlay.redirect': '/etc', 'SCHILY.xattr.user.overlay.opaque': 'y' };
  const [read] = await readAll(await rewrite(tarBytes([{ name: 'f', pax }])));
  expect(read?.member.records.filter(([key]) => key.startsWith('SCHILY.'))).toEqual([]);
});

test('global headers apply to all later members, or are ignored', async () => {
  const bytes = tarBytes([
    { name: 'g', type: 'global', content: '12 uid=4711\n' },
    { name: 'a' },
    { name: 'b', pax: { uid: '5' } },
  ]);
  const owners = async (globalHeaders: 'apply' | 'ignore') =>
    (await readAll(bytes, globalHeaders)).map(({ member }) => member.uid);
  expect(await owners('apply')).toEqual([4711, 5]);
  expect(await owners('ignore')).toEqual([0, 5]);
});

const REGIONS = [0, 1, 2, 3, 4, 5, 29].map((index) => [index * 4096, 512] as const);
const STORED = Buffer.concat(REGIONS.map((_, index) => Buffer.alloc(512, 65 + index)));
const WHOLE = Buffer.alloc(200_000);
for (const [index, [offset]] of REGIONS.entries()) WHOLE.fill(65 + index, offset, offset + 512);

test.each<[string, TestMember]>([
  ['GNU, old', { name: 'disk', sparse: { realSize: WHOLE.length, regions: REGIONS }, content: STORED }],
  [
    'pax 0.1',
    {
      name: 'x',
      content: STORED,
      pax: {
        'GNU.sparse.size': String(WHOLE.length),
        'GNU.sparse.numblocks': String(REGIONS.length),
        'GNU.sparse.name': 'disk',
        'GNU.sparse.map': REGIONS.flat().join(','),
      },
    },
  ],
])('a sparse file in the format %s is read with its holes', async (_, member) => {
  const [file, next, ...rest] = await readAll(tarBytes([member, { name: 'next', content: 'y' }]), 'ignore');
  expect(file?.member).toMatchObject({ name: 'disk', type: '0', sparse: { realSize: WHOLE.length } });
  expect(file?.content.equals(WHOLE)).toBe(true);
  expect([next?.member.name, next?.stored.toString(), rest.length]).toEqual(['next', 'y', 0]);
});

test.each([
  ['gnu', []],
  ['posix', ['--sparse-version=0.0']],
  ['posix', ['--sparse-version=0.1']],
  ['posix', ['--sparse-version=1.0']],
])(
  'a sparse file that GNU tar packs as %s %j can be unpacked by GNU tar after rewriting',
  async (format, options) => {
    const directory = temporaryDirectory();
    const file = join(directory, 'disk.img');
    // 70 regions: more than a header and three blocks of the old format hold, and a map of several blocks.
    const regions = Array.from({ length: 70 }, (_, index) => index * 131_072);
    const content = Buffer.alloc(70 * 131_072);
    for (const offset of regions) content.fill(`region ${offset} `, offset, offset + 4096);
    writeFileSync(file, '');
    truncateSync(file, content.length);
    const handle = openSync(file, 'r+');
    for (const offset of regions) writeSync(handle, content, offset, 4096, offset);
    closeSync(handle);
    const args = ['-c', '-S', `--format=${format}`, ...options, '-C', directory, 'disk.img'];
    const packed = execFileSync('tar', args, { maxBuffer: 2 ** 26 });
    expect(packed.length).toBeLessThan(1_000_000);

    const [read] = await readAll(packed);
    expect(read?.member).toMatchObject({ name: 'disk.img', sparse: { realSize: content.length } });
    expect(read?.content.equals(content)).toBe(true);

    const target = join(directory, 'target');
    mkdirSync(target);
    execFileSync('tar', ['-x', '-C', target], { input: await rewrite(packed) });
    expect(readFileSync(join(target, 'disk.img')).equals(content)).toBe(true);
    expect(statSync(join(target, 'disk.img')).blocks * 512).toBeLessThan(2_000_000);
  },
);

test('GNU tar reads what is written', async () => {
  const directory = temporaryDirectory();
  const long = 'n'.repeat(255);
  const bytes = await rewrite(
    tarBytes([
      { name: LATIN1, content: 'one', base256: true, modified: -86_400, uid: 3_000_000 },
      { name: 'x', content: 'two', pax: { path: `srv/${long}`, mtime: '4102444800.25' } },
      { name: 'srv/a\nb', type: 'link', linkName: '\xff\xfe' },
    ]),
  );
  const options = ['--numeric-owner', '--utc', '--full-time', '--quoting-style=escape'];
  const listing = execFileSync('tar', [...options, '-tvf', '-'], {
    input: bytes,
    env: { ...process.env, LC_ALL: 'C' },
  });
  const lines = listing.toString('latin1').split('\n');
  expect(lines[0]).toMatch(/ 3000000\/0 +3 1969-12-31 00:00:00 srv\/x_\\351$/);
  expect(lines[1]).toMatch(new RegExp(` 0/0 +3 2100-01-01 00:00:00\\.25 srv/${long}$`));
  expect(lines[2]).toMatch(/ srv\/a\\nb -> \\377\\376$/);
  mkdirSync(join(directory, 'root'));
  execFileSync('tar', ['-x', '--warning=no-timestamp', '--no-same-owner', '-C', join(directory, 'root')], {
    input: bytes,
  });
  const first = Buffer.concat([Buffer.from(`${directory}/root/`), Buffer.from(LATIN1, 'latin1')]);
  expect(readFileSync(first, 'utf8')).toBe('one');
  expect(statSync(first).mtimeMs).toBe(-86_400_000);
});
