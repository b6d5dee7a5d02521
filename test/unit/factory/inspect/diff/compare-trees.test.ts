import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { compareTrees } from '../../../../../src/factory/inspect/diff/compare-trees.ts';
import { readTreeTar, type TreeFile } from '../../../../../src/factory/inspect/diff/tree.ts';
import { makeTar } from '../../../support/tar.ts';
import { tarBytes } from '../../../support/tar-bytes.ts';

const FILE: TreeFile = {
  kind: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  modified: '1700000000',
  size: 3,
  sha256: 'aa',
  attributes: {},
};

test.each([
  [{ sha256: 'bb' }, ['content']],
  [{ mode: 0o600 }, ['mode']],
  [{ gid: 5 }, ['owner']],
  [{ modified: '1700000000.5' }, ['time']],
  [{ modified: '1700000000.0' }, []],
  [{ attributes: { 'security.capability': '01' } }, ['attributes']],
  [{ linkOf: 'other' }, ['links']],
  [{ kind: 'symlink', target: 'x' }, ['kind', 'target']],
] as const)('%j is a change of %j', (change, aspects) => {
  const after = new Map([['f', { ...FILE, ...change }]]);
  const changes = compareTrees(new Map([['f', FILE]]), after);
  expect(changes.map((found) => found.aspects)).toEqual(aspects.length > 0 ? [aspects] : []);
});

test('files that only one side has are sorted by path', () => {
  const changes = compareTrees(
    new Map([
      ['b', FILE],
      ['same', FILE],
    ]),
    new Map([
      ['a', FILE],
      ['same', FILE],
    ]),
  );
  expect(changes).toEqual([
    { path: 'a', after: FILE, aspects: [] },
    { path: 'b', before: FILE, aspects: [] },
  ]);
});

test('reading the tar of a tree keeps links, modes and non-ASCII names', async () => {
  const bytes = await makeTar([
    { name: './', type: 'directory', mode: 0o755 },
    { name: './ä', mode: 0o4755, uid: 70_000, gid: 7, mtime: new Date(5000), content: 'abc' },
    { name: './link', type: 'symlink', linkname: 'ä' },
    { name: './other', type: 'link', linkname: './ä' },
    { name: './pipe', type: 'fifo' },
  ]);
  const tree = await readTreeTar(Readable.from([bytes]));
  expect([...tree.keys()]).toEqual(['.', 'ä', 'link', 'other', 'pipe']);
  expect(tree.get('ä')).toMatchObject({
    kind: 'file',
    mode: 0o4755,
    uid: 70_000,
    gid: 7,
    modified: '5',
    size: 3,
  });
  expect(tree.get('ä')?.sha256).toMatch(/^ba7816bf/);
  expect(tree.get('other')).toMatchObject({ kind: 'file', linkOf: 'ä', sha256: tree.get('ä')?.sha256 });
  expect(tree.get('link')).toMatchObject({ kind: 'symlink', target: 'ä' });
  expect(tree.get('pipe')?.kind).toBe('fifo');
});

test('names and targets that are not UTF-8 stay distinct, and attributes are kept byte for byte', async () => {
  const value = '\x01\0\0\x02\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0';
  const bytes = tarBytes([
    { name: 'x_\xe9', content: 'one', pax: { 'SCHILY.xattr.security.capability': value } },
    { name: 'x_\xff', content: 'two' },
    { name: 'hard', type: 'hard', linkName: 'x_\xff' },
    { name: 'soft', type: 'link', linkName: '\xe9' },
  ]);
  const tree = await readTreeTar(Readable.from([bytes]));
  expect([...tree.keys()]).toEqual(['x_\udce9', 'x_\udcff', 'hard', 'soft']);
  expect(tree.get('x_\udce9')?.attributes).toEqual({
    'security.capability': Buffer.from(value, 'latin1').toString('hex'),
  });
  expect(tree.get('hard')).toMatchObject({ linkOf: 'x_\udcff', sha256: tree.get('x_\udcff')?.sha256 });
  expect(tree.get('soft')?.target).toBe('\udce9');
});

test('a stream that is not a tar is refused', async () => {
  await expect(readTreeTar(Readable.from([Buffer.alloc(512, 'x')]))).rejects.toMatchObject({
    code: 'ARCHIVE_CORRUPT',
    message: 'the tar of the tree cannot be read: it is not a tar archive, or a checksum is wrong',
  });
});
