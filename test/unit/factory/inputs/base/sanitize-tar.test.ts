import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FactoryError } from '../../../../../src/common/errors/factory-error.ts';
import { sanitizeTar } from '../../../../../src/factory/inputs/base/sanitize-tar.ts';
import { readAll } from '../../../common/tar/support/read-all.ts';
import { failureOf } from '../../../support/failure.ts';
import { makeTar, type ReadEntry, readTar, type TarEntry } from '../../../support/tar.ts';
import { gnuLong, type TestMember, tarBytes } from '../../../support/tar-bytes.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const MTIME = new Date('2024-05-06T07:08:09Z');

/** The sanitized entries, and the notices. */
async function sanitized(
  bytes: Buffer,
  epoch?: number,
): Promise<{ bytes: Buffer; entries: ReadEntry[]; notices: string[] }> {
  const notices: string[] = [];
  const output = new PassThrough();
  const options = { name: 'root.tar', holes: 2 ** 30, onNotice: (text: string) => notices.push(text) };
  const [whole] = await Promise.all([
    buffer(output),
    sanitizeTar(Readable.from([bytes]), output, { ...options, ...(epoch === undefined ? {} : { epoch }) }),
  ]);
  return { bytes: whole, entries: await readTar(whole), notices };
}

async function sanitizedEntries(entries: readonly TarEntry[], epoch?: number) {
  return sanitized(await makeTar(entries), epoch);
}

/** The sanitized tar, byte for byte. */
async function sanitizedMembers(members: readonly TestMember[]) {
  return readAll((await sanitized(tarBytes(members))).bytes);
}

async function refusal(...entries: TarEntry[]): Promise<FactoryError> {
  const bytes = await makeTar(entries);
  return failureOf(() => sanitized(bytes));
}

describe('a good tar', () => {
  test('keeps content, types, modes, owners and times', async () => {
    const content = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 251));
    const { entries, notices } = await sanitizedEntries([
      { name: './', type: 'directory', mode: 0o755, mtime: MTIME },
      { name: './bin/su', content, mode: 0o4755, uid: 0, gid: 42, mtime: MTIME },
      { name: './home/a/', type: 'directory', mode: 0o700, uid: 1000, gid: 100, mtime: MTIME },
      { name: './lib', type: 'symlink', linkname: '/usr/../../lib', mode: 0o777, mtime: MTIME },
      { name: './empty', mode: 0o600, mtime: MTIME },
      { name: './run/pipe', type: 'fifo', mode: 0o644, mtime: MTIME },
    ]);
    const rows = entries.map(({ header: { name, type, mode, uid, gid, mtime, linkname } }) => {
      expect(mtime).toEqual(MTIME);
      return [name, type, mode, uid, gid, linkname];
    });
    expect(rows).toEqual([
      ['.', 'directory', 0o755, 0, 0, null],
      ['bin/su', 'file', 0o4755, 0, 42, null],
      ['home/a', 'directory', 0o700, 1000, 100, null],
      ['lib', 'symlink', 0o777, 0, 0, '/usr/../../lib'],
      ['empty', 'file', 0o600, 0, 0, null],
      ['run/pipe', 'fifo', 0o644, 0, 0, null],
    ]);
    expect(entries[1]?.content.equals(content)).toBe(true);
    expect(notices).toEqual([]);
  });

  test('keeps extended attributes', async () => {
    const pax = {
      'SCHILY.xattr.security.capability': '\u0001capability',
      'SCHILY.xattr.user.note': 'a\nb=c',
    };
    const { entries } = await sanitizedEntries([{ name: 'bin/ping', content: 'elf', mode: 0o755, pax }]);
    expect(entries[0]?.header.pax).toMatchObject(pax);
  });

  test('keeps names, targets and attributes that are not UTF-8', async () => {
    const pax = {
      'SCHILY.xattr.security.capability': '\x01\0\0\x02\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0',
      'SCHILY.xattr.system.posix_acl_access': '\x02\0\0\0\x01\0\x07\0\xff\xff\xff\xff',
    };
    const members = await sanitizedMembers([
      { name: 'srv/x_\xe9', content: 'one', pax },
      { name: 'srv/x_\xff', content: 'two' },
      { name: 'srv/hard', type: 'hard', linkName: 'srv/x_\xe9' },
      { name: 'srv/soft\n', type: 'link', linkName: 'caf\xe9' },
    ]);
    expect(members.map(({ member: { name, linkName }, stored }) => [name, linkName, `${stored}`])).toEqual([
      ['srv/x_\xe9', '', 'one'],
      ['srv/x_\xff', '', 'two'],
      ['srv/hard', 'srv/x_\xe9', ''],
      ['srv/soft\n', 'caf\xe9', ''],
    ]);
    expect(Object.fromEntries(members[0]?.member.records ?? [])).toMatchObject(pax);
  });

  test('keeps times before 1970, fractions and large owners', async () => {
    const members = await sanitizedMembers([
      { name: 'a', base256: true, modified: -86_400, uid: 3_000_000, gid: 2 ** 32 - 2 },
      { name: 'b', pax: { mtime: '4102444800.123456789' } },
    ]);
    expect(members.map(({ member }) => member)).toMatchObject([
      { modified: '-86400', uid: 3_000_000, gid: 2 ** 32 - 2 },
      { modified: '4102444800.123456789' },
    ]);
  });

  test('gets zeros for the holes of sparse files, which some layer readers do not support', async () => {
    const [read] = await sanitizedMembers([
      { name: 'disk.img', content: 'Z'.repeat(512), sparse: { realSize: 9000, regions: [[8192, 512]] } },
    ]);
    expect(read?.member).toMatchObject({ name: 'disk.img', type: '0', size: 9000 });
    expect(read?.member.sparse).toBeUndefined();
    const whole = Buffer.concat([Buffer.alloc(8192), Buffer.alloc(512, 'Z'), Buffer.alloc(296)]);
    expect(read?.stored.equals(whole)).toBe(true);
  });

  test('applies global headers, as tar programs do', async () => {
    const [read] = await sanitizedMembers([
      { name: 'g', type: 'global', content: '12 uid=4711\n' },
      { name: 'f' },
    ]);
    expect(read?.member.uid).toBe(4711);
  });

  test('keeps hard links', async () => {
    const { entries } = await sanitizedEntries([
      { name: 'usr/bin/perl', content: 'elf' },
      { name: 'usr/bin/perl5', type: 'link', linkname: 'usr/bin/perl' },
    ]);
    expect(entries.map(({ header: { type, linkname } }) => [type, linkname])).toEqual([
      ['file', null],
      ['link', 'usr/bin/perl'],
    ]);
  });

  test('keeps long and non-ASCII names', async () => {
    const names = [`${'directory/'.repeat(30)}file`, 'usr/share/Főtanúsítvány.crt', 'a..b/..c/d..'];
    const { entries } = await sanitizedEntries(names.map((name) => ({ name, content: name })));
    expect(entries.map(({ header }) => header.name)).toEqual(names);
    expect(entries.map(({ content }) => content.toString())).toEqual(names);
  });

  test('can be unpacked by other programs', async () => {
    const root = join(temporaryDirectory(), 'root');
    const { bytes } = await sanitizedEntries([
      { name: './etc/', type: 'directory', mode: 0o755 },
      { name: './etc/os-release', content: 'ID=debian\n' },
      { name: './etc/release', type: 'link', linkname: './etc/os-release' },
    ]);
    mkdirSync(root);
    execFileSync('tar', ['-x', '-C', root], { input: bytes });
    expect(execFileSync('cat', [join(root, 'etc/release')], { encoding: 'utf8' })).toBe('ID=debian\n');
  });

  test.each<[string, readonly TestMember[], readonly string[]]>([
    [
      'names and hard links with a leading slash are inside of the root',
      [
        { name: '/usr/bin/a', content: 'elf' },
        { name: '//usr/bin/b', type: 'hard', linkName: '/usr/bin/a' },
      ],
      ['usr/bin/a', 'usr/bin/b = usr/bin/a'],
    ],
    [
      'a file below a link is where the link leads',
      [
        { name: 'lib', type: 'link', linkName: 'usr/lib' },
        { name: './lib/late.so', content: 'elf' },
        { name: 'lib/again.so', type: 'hard', linkName: './lib/late.so' },
      ],
      ['lib', 'usr/lib/late.so', 'usr/lib/again.so = usr/lib/late.so'],
    ],
    [
      'an absolute link leads within the root',
      [
        { name: 'run', type: 'directory' },
        { name: 'var/run', type: 'link', linkName: '/run' },
        { name: 'var/run/x' },
      ],
      ['run', 'var/run', 'run/x'],
    ],
    [
      'a link with a name that is not UTF-8 is followed',
      [{ name: 'd\xe9', type: 'link', linkName: '/srv/\xff' }, { name: 'd\xe9/f' }],
      ['d\xe9', 'srv/\xff/f'],
    ],
    [
      'a directory at the place of a link does not replace the link',
      [
        { name: 'lib', type: 'link', linkName: 'usr/lib' },
        { name: 'lib/', type: 'directory' },
        { name: 'lib/firmware', type: 'directory' },
      ],
      ['lib', 'usr/lib', 'usr/lib/firmware'],
    ],
    [
      'a file replaces a link',
      [
        { name: 'a', type: 'link', linkName: 'b' },
        { name: 'a' },
        { name: 'a', type: 'directory' },
        { name: 'a/x' },
      ],
      ['a', 'a', 'a', 'a/x'],
    ],
  ])('%s', async (_, members, expected) => {
    const found = await sanitizedMembers(members);
    const rows = found.map(({ member: { name, type, linkName } }) =>
      type === '1' ? `${name} = ${linkName}` : name,
    );
    expect(rows).toEqual(expected);
  });

  test('loses files that a layer would take for whiteouts, with a single notice', async () => {
    const names = ['.wh..wh.aufs', '.wh..wh.plnk/1', 'etc/.wh.hosts', '.wh..wh..opq', 'etc/.whatever'];
    const { entries, notices } = await sanitized(tarBytes(names.map((name) => ({ name }))));
    expect(entries.map(({ header }) => header.name)).toEqual(['etc/.whatever']);
    expect(notices).toEqual(['root.tar: dropped 4 file(s) named .wh.*, which mean removed files in layers']);
  });

  test('loses its device nodes, with a single notice', async () => {
    const { entries, notices } = await sanitizedEntries([
      { name: 'dev/null', type: 'character-device', devmajor: 1, devminor: 3 },
      { name: 'dev/vda', type: 'block-device', devmajor: 254, devminor: 0 },
      { name: 'etc/hosts', content: 'x' },
    ]);
    expect(entries.map(({ header }) => header.name)).toEqual(['etc/hosts']);
    expect(notices).toEqual(['root.tar: dropped 2 device node(s); the running system creates its own']);
  });
});

test('large owner ids and late times survive from one tar to another', async () => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'f'), 'x');
  const owners = ['--owner=u:300000', '--group=g:3000000', '--mtime=2040-01-01 00:00Z'];
  const source = execFileSync('tar', ['--format=gnu', ...owners, '-cf', '-', '-C', directory, 'f']);
  const { bytes } = await sanitized(source);
  const listing = execFileSync('tar', ['--numeric-owner', '--utc', '-tvf', '-'], { input: bytes }).toString();
  expect(listing).toMatch(/ 300000\/3000000 .* 2040-01-01 00:00 f$/m);
});

test('a hard link to a dropped device node is dropped with it', async () => {
  const { entries, notices } = await sanitizedEntries([
    { name: 'dev/sda', type: 'block-device', devmajor: 8, devminor: 0 },
    { name: 'dev/disk', type: 'link', linkname: 'dev/sda' },
    { name: 'f', content: 'x' },
  ]);
  expect(entries.map(({ header }) => header.name)).toEqual(['f']);
  expect(notices).toEqual([expect.stringMatching(/dropped 2 device node/)]);
});

describe('times', () => {
  const epoch = MTIME.getTime() / 1000;
  const [older, newer] = [new Date(MTIME.getTime() - 1000), new Date(MTIME.getTime() + 1000)];

  test('later than the epoch are clamped, earlier ones stay', async () => {
    const dates = [older, MTIME, newer].map((mtime, index) => ({ name: `f${index}`, content: 'x', mtime }));
    const { entries } = await sanitizedEntries(dates, epoch);
    expect(entries.map(({ header }) => header.mtime)).toEqual([older, MTIME, MTIME]);
  });

  test('in extended headers are clamped too, and other attributes stay', async () => {
    const pax = { mtime: String(epoch + 1.5), 'SCHILY.xattr.user.note': 'x' };
    const { entries } = await sanitizedEntries([{ name: 'f', content: 'x', mtime: newer, pax }], epoch);
    expect(entries[0]?.header.mtime).toEqual(MTIME);
    expect(entries[0]?.header.pax).toHaveProperty('mtime', String(epoch));
    expect(entries[0]?.header.pax).toHaveProperty(['SCHILY.xattr.user.note'], 'x');
  });

  test('remain unchanged without an epoch', async () => {
    const { entries } = await sanitizedEntries([{ name: 'f', content: 'x', mtime: newer }]);
    expect(entries[0]?.header.mtime).toEqual(newer);
  });
});

describe('a hostile tar is refused, and the error names the entry', () => {
  test.each<[string, RegExp, TarEntry[]]>([
    ['../evil', /outside the root/, [{ name: '../evil', content: 'x' }]],
    ['./a/../../evil', /outside the root/, [{ name: './a/../../evil', content: 'x' }]],
    ['a/..', /outside the root/, [{ name: 'a/..', type: 'directory' }]],
    ['x'.repeat(80), /too long/, [{ name: 'x'.repeat(5000), content: 'x' }]],
    ['../../evil', /outside the root/, [{ name: 'good', content: 'x', pax: { path: '../../evil' } }]],
    ['/../evil', /outside the root/, [{ name: '/../evil', content: 'x' }]],
    ['copy', /outside the root/, [{ name: 'copy', type: 'link', linkname: '../../etc/shadow' }]],
    [
      './a//b/c/passwd',
      /a link leads outside the root/,
      [
        { name: 'a/./b/', type: 'symlink', linkname: '../..' },
        { name: './a//b/c/passwd', content: 'x' },
      ],
    ],
    [
      'a/x',
      /links form a loop/,
      [
        { name: 'a', type: 'symlink', linkname: 'b' },
        { name: 'b', type: 'symlink', linkname: 'a' },
        { name: 'a/x', content: 'x' },
      ],
    ],
  ])('%s', async (name, reason, entries) => {
    const error = await refusal({ name: 'ok', content: 'x' }, ...entries);
    expect(error.kind).toBe('verification');
    expect(error.message).toContain('root.tar');
    expect(error.message).toContain(name);
    expect(error.message).toMatch(reason);
    expect(error.remedy).toBeDefined();
  });

  test('with a hard link whose target is below a link out of the root', async () => {
    const error = await refusal(
      { name: 'a', type: 'symlink', linkname: '../etc' },
      { name: 'b', type: 'link', linkname: 'a/passwd' },
    );
    expect(error.message).toMatch(/entry "b" is refused: a link leads outside the root/);
  });

  test('with a root that is a link', async () => {
    const error = await refusal(
      { name: './', type: 'symlink', linkname: '/etc' },
      { name: 'passwd', content: 'x' },
    );
    expect(error.message).toMatch(/the root is a directory/);
  });

  test('with a NUL that hides the rest of a name', async () => {
    const pax = { path: 'd\0z' };
    const error = await refusal({ name: 'd', type: 'symlink', linkname: '/etc', pax } as TarEntry);
    expect(error.message).toMatch(/it contains a NUL/);
  });

  test('with the name of a sparse file but no map, which readers interpret differently', async () => {
    const error = await refusal({
      name: 'a',
      content: 'x',
      pax: { 'GNU.sparse.name': '../../evil' },
    } as TarEntry);
    expect([error.kind, error.message]).toEqual(['step', expect.stringMatching(/a sparse file has no size/)]);
  });

  test.each<[string, RegExp, TestMember[]]>([
    ['kind', /"x\\xe9" has an unsupported type/, [{ name: 'x\xe9', flag: 'V' }]],
    [
      'NUL in a target',
      /entry "x" is refused: it contains a NUL/,
      [{ name: 'x', type: 'link', pax: { linkpath: 'a\0b' } }],
    ],
    ['long target', /too long/, [{ name: 'x', type: 'link', pax: { linkpath: 'x/'.repeat(2100) } }]],
    [
      'long GNU name',
      /path is too long/,
      [gnuLong('L', 'x/'.repeat(2100)), { name: 'x', type: 'directory' }],
    ],
    [
      'sparse bomb',
      /holes in files exceed/,
      [
        {
          name: 'x',
          content: 'abc',
          pax: { 'GNU.sparse.size': '9000000000000', 'GNU.sparse.map': '0,3' },
        },
      ],
    ],
    [
      'name of a sparse file',
      /outside the root/,
      [
        {
          name: 'x',
          content: 'abc',
          pax: { 'GNU.sparse.size': '3', 'GNU.sparse.map': '0,3', 'GNU.sparse.name': '../x' },
        },
      ],
    ],
    [
      'name for every member',
      /every file the same path/,
      [{ name: 'g', type: 'global', content: '11 path=ab\n' }, { name: 'f' }],
    ],
  ])('for a %s', async (_, reason, members) => {
    const error = await failureOf(() => sanitized(tarBytes(members)));
    expect(error.message).toMatch(/^root\.tar: /);
    expect(error.message).toMatch(reason);
  });

  test('but a directory that replaces a link may have children', async () => {
    const { entries } = await sanitizedEntries([
      { name: 'a', type: 'symlink', linkname: '/etc' },
      { name: 'a', type: 'directory' },
      { name: 'a/b', content: 'x' },
    ]);
    expect(entries).toHaveLength(3);
  });
});

describe('a broken tar is a failed step that names the file', () => {
  const whole = makeTar([
    { name: 'a', content: 'x'.repeat(2000) },
    { name: 'b', content: 'y' },
  ]);
  /** Offset of the second entry: a header of 512 bytes, and four blocks. */
  const second = 512 + 2048;

  test.each([
    ['within the first header', 100],
    ['after the first header', 512],
    ['within the content', 1000],
    ['within the padding', 512 + 2010],
    ['within the second header', second + 200],
    ['after the second header', second + 512],
  ])('truncated %s', async (_, length) => {
    const error = await failureOf(async () => sanitized((await whole).subarray(0, length)));
    expect(error.kind).toBe('step');
    expect(error.message).toMatch(/^root\.tar: cannot be read as a tar archive/);
    expect(error.remedy).toMatch(/corrupt or truncated/);
  });

  test('with a wrong header checksum', async () => {
    const bytes = Buffer.from(await whole);
    bytes.writeUInt8(0x7a, second + 5);
    const error = await failureOf(() => sanitized(bytes));
    expect([error.kind, error.message]).toEqual([
      'step',
      expect.stringMatching(/^root\.tar: .*a checksum is wrong/),
    ]);
  });

  test('that is not a tar at all', async () => {
    const error = await failureOf(() => sanitized(Buffer.alloc(4096, 'no tar')));
    expect([error.kind, error.message]).toEqual(['step', expect.stringMatching(/^root\.tar: /)]);
  });

  test.each([
    ['without bytes', 0],
    ['with only an end marker', 10_240],
  ])('%s', async (_, length) => {
    const error = await failureOf(() => sanitized(Buffer.alloc(length)));
    expect([error.kind, error.message]).toEqual([
      'step',
      expect.stringMatching(/^root\.tar: contains no entries/),
    ]);
  });

  test('but a file system error is passed through unchanged', async () => {
    const input = new Readable({
      read() {
        this.destroy(Object.assign(new Error('EIO: i/o error, read'), { errno: -5, code: 'EIO' }));
      },
    });
    const output = new PassThrough().resume();
    const work = sanitizeTar(input, output, { name: 'root.tar', holes: 0, onNotice: () => undefined });
    await expect(work).rejects.toMatchObject({ code: 'EIO' });
  });
});

test('no sanitized entry is absolute, contains "..", or is below a link', async () => {
  const segment = fc.constantFrom('a', 'b', 'c', '.', '..', '', '...', 'd'.repeat(60));
  const path = fc
    .array(segment, { minLength: 1, maxLength: 6 })
    .map((parts) => parts.join('/'))
    .filter((name) => name !== '');
  const entry = fc.record(
    {
      name: path,
      type: fc.constantFrom<NonNullable<TarEntry['type']>>(
        'file',
        'directory',
        'symlink',
        'link',
        'character-device',
        'fifo',
      ),
      linkname: path,
      pax: fc.record({ path, linkpath: path }, { requiredKeys: [] }),
    },
    { requiredKeys: ['name', 'type', 'linkname'] },
  );
  let passed = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 5 }), async (entries) => {
      const bytes = await makeTar(entries);
      const outcome = await sanitized(bytes).catch((error: unknown) => error);
      if (outcome instanceof FactoryError) {
        expect(['verification', 'step']).toContain(outcome.kind);
        return;
      }
      if (outcome instanceof Error) throw outcome;
      passed += 1;
      const links = new Set<string>();
      for (const { header } of (outcome as { entries: ReadEntry[] }).entries) {
        const names = header.type === 'link' ? [header.name, header.linkname ?? ''] : [header.name];
        for (const name of names) {
          expect(name.startsWith('/')).toBe(false);
          expect(name.split('/')).not.toContain('..');
        }
        const parts = header.name.split('/').filter((part) => part !== '' && part !== '.');
        for (let length = 1; length < parts.length; length += 1)
          expect(links).not.toContain(parts.slice(0, length).join('/'));
        if (header.type === 'symlink') links.add(parts.join('/'));
        else links.delete(parts.join('/'));
      }
    }),
    { numRuns: 400 },
  );
  // Otherwise the property would hold trivially.
  expect(passed).toBeGreaterThan(20);
}, 60_000);
