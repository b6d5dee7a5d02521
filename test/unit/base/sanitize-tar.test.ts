import { Readable, Writable } from 'node:stream';
import fc from 'fast-check';
import tar, { type Header } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import { sanitizeTar } from '../../../src/base/sanitize-tar.ts';
import { failureOf } from '../../support/failure.ts';

type Entry = Partial<Header> & { name: string; content?: string };

async function pack(entries: readonly Entry[]): Promise<Buffer> {
  const archive = tar.pack();
  for (const { content = '', ...header } of entries) archive.entry(header as Header, content);
  archive.finalize();
  return Buffer.concat(await Readable.from(archive).toArray());
}

async function sanitize(bytes: Buffer, epoch?: number) {
  const notices: string[] = [];
  const chunks: Buffer[] = [];
  const sink = new Writable({
    write: (chunk, _, done) => {
      chunks.push(chunk);
      done();
    },
  });
  const options = {
    name: 'x.tar',
    onNotice: (text: string) => void notices.push(text),
    ...(epoch ? { epoch } : {}),
  };
  await sanitizeTar(Readable.from([bytes]), sink, options);
  const found: (Entry & { content: string })[] = [];
  const extract = tar.extract();
  Readable.from([Buffer.concat(chunks)]).pipe(extract as never);
  for await (const entry of extract) {
    const parts: Uint8Array[] = [];
    for await (const part of entry) parts.push(part as Uint8Array);
    found.push({ ...entry.header, content: Buffer.concat(parts).toString() } as Entry & { content: string });
  }
  return { found, notices };
}

test('a good tar passes with content, modes, owners, attributes and links', async () => {
  const mtime = new Date(1_000_000_000_000);
  const pax = { 'SCHILY.xattr.security.capability': 'cap' };
  const { found, notices } = await sanitize(
    await pack([
      { name: './', type: 'directory', mode: 0o755, mtime },
      { name: './bin/ping', mode: 0o4755, uid: 7, gid: 8, content: 'elf', mtime, pax },
      { name: './bin/ping6', type: 'link', linkname: './bin/ping', mtime },
      { name: './etc/mtab', type: 'symlink', linkname: '/proc/mounts', mtime },
      { name: './up', type: 'symlink', linkname: '../../../outside', mtime },
    ]),
  );
  expect(found.map(({ name, type }) => [name, type])).toEqual([
    ['./', 'directory'],
    ['./bin/ping', 'file'],
    ['./bin/ping6', 'link'],
    ['./etc/mtab', 'symlink'],
    ['./up', 'symlink'],
  ]);
  expect(found[1]).toMatchObject({ mode: 0o4755, uid: 7, gid: 8, content: 'elf', mtime, pax });
  expect(notices).toEqual([]);
});

describe('what could reach outside of the root is refused', () => {
  test.each<[string, Entry[]]>([
    ['absolute', [{ name: '/etc/passwd', content: 'x' }]],
    ['outside', [{ name: 'a/../../b', content: 'x' }]],
    ['outside', [{ name: 'l', type: 'link', linkname: '../b' }]],
    ['absolute', [{ name: 'l', type: 'link', linkname: '/etc/shadow' }]],
    [
      'symbolic link d',
      [
        { name: 'd', type: 'symlink', linkname: '/tmp' },
        { name: 'd/x', content: 'x' },
      ],
    ],
    [
      'symbolic link ./d|symbolic link d',
      [
        { name: './d', type: 'symlink', linkname: 'e' },
        { name: 'd/e/x', content: 'x' },
      ],
    ],
  ])('%s', async (reason, entries) => {
    const error = await failureOf(async () => sanitize(await pack(entries)), 'verification');
    expect(error.message).toMatch(new RegExp(`x\\.tar: entry ".*" is refused: .*(${reason})`));
  });
});

test('device nodes are dropped, with one notice for all', async () => {
  const { found, notices } = await sanitize(
    await pack([
      { name: 'dev/a', type: 'block-device', devmajor: 8, devminor: 0 },
      { name: 'dev/b', type: 'character-device', devmajor: 1, devminor: 3 },
      { name: 'f', content: 'x' },
    ]),
  );
  expect(found.map(({ name }) => name)).toEqual(['f']);
  expect(notices).toEqual([expect.stringMatching(/dropped 2 device node/)]);
});

test('times later than the epoch become the epoch', async () => {
  const at = (seconds: number) => new Date(seconds * 1000);
  const { found } = await sanitize(
    await pack([
      { name: 'a', mtime: at(50) },
      { name: 'b', mtime: at(500) },
    ]),
    100,
  );
  expect(found.map(({ mtime }) => mtime)).toEqual([at(50), at(100)]);
});

describe('broken archives', () => {
  test.each([
    ['cut short', async () => (await pack([{ name: 'a', content: 'x'.repeat(5000) }])).subarray(0, 2000)],
    ['noise', async () => Buffer.alloc(2048, 'noise')],
    ['empty', async () => Buffer.alloc(0)],
    ['no entries', async () => Buffer.alloc(1024)],
  ])('%s', async (_, bytes) => {
    expect((await failureOf(async () => sanitize(await bytes()), 'step')).message).toMatch(/^x\.tar: /);
  });
});

test('whatever comes in, nothing that goes out leads outside', async () => {
  const name = fc
    .array(fc.constantFrom('a', 'b', '..', '.', ''), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join('/'));
  const entry = fc.record({
    name,
    type: fc.constantFrom('file', 'link', 'symlink', 'directory'),
    linkname: name,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 6 }), async (entries) => {
      const named = entries.filter((candidate) => candidate.name !== '' && candidate.linkname !== '');
      const result = await sanitize(await pack(named as Entry[])).catch(() => ({ found: [] as Entry[] }));
      for (const { name: path, type, linkname } of result.found) {
        expect(path).not.toMatch(/^\/|(^|\/)\.\.(\/|$)/);
        if (type === 'link') expect(linkname).not.toMatch(/^\/|(^|\/)\.\.(\/|$)/);
      }
    }),
    { numRuns: 200 },
  );
});
