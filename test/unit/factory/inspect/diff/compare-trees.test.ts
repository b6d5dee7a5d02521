import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { compareTrees } from '../../../../../src/factory/inspect/diff/compare-trees.ts';
import { readTreeTar, type TreeFile } from '../../../../../src/factory/inspect/diff/tree.ts';
import { makeTar } from '../../../support/tar.ts';

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

test('files of one side alone come in the order of paths', () => {
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

test('the tar of a tree is read with links, modes and names that are not ASCII', async () => {
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
