import { expect, test } from 'vitest';
import { countLines, quantile } from '../../../support/structure/file-sizes.ts';
import { relativeImports } from '../../../support/structure/import-graph.ts';
import { importCircles, importViolations, parseRoomOrder } from '../../../support/structure/import-rules.ts';

test('finds every way to import a file', () => {
  const code = `
    import a, { b } from './a.ts';
    import type { C } from './c.ts';
    import './effect.ts';
    export { d } from '../d.ts';
    export * from './all.ts';
    export type { E } from './e.ts';
    type F = import('./f.ts').F;
    const g = await import('./g.ts');
    import { readFile } from 'node:fs/promises';
    // import nothing from './comment.ts'
    const text = "import x from './string.ts'";
  `;
  expect(relativeImports('x.ts', code).sort()).toEqual([
    '../d.ts',
    './a.ts',
    './all.ts',
    './c.ts',
    './e.ts',
    './effect.ts',
    './f.ts',
    './g.ts',
  ]);
});

test('refuses code whose imports cannot be read', () => {
  expect(() => relativeImports('x.ts', 'import {')).toThrow(/^x\.ts: /);
  expect(() => relativeImports('x.ts', 'await import(name)')).toThrow(
    'x.ts: the path of a dynamic import is computed',
  );
});

test('reports imports between wings, against the order of rooms, and from unknown places', () => {
  const graph = new Map([
    ['common/errors/a.ts', ['common/files/b.ts', 'factory/cli/main.ts']],
    ['common/files/b.ts', ['common/errors/a.ts', 'agent/main.ts']],
    ['factory/cli/main.ts', ['common/errors/a.ts', 'agent/main.ts']],
    ['factory/attic/c.ts', ['common/errors/a.ts']],
    ['agent/main.ts', ['common/files/b.ts', 'factory/cli/main.ts', 'agent/state/d.ts']],
    ['agent/state/d.ts', ['agent/main.ts']],
    ['shed/e.ts', []],
  ]);
  expect(importViolations(graph, ['common/errors', 'common/files', 'factory/cli'])).toEqual([
    'common/errors/a.ts imports common/files/b.ts: common/files comes after common/errors',
    'common/errors/a.ts imports factory/cli/main.ts: common may not import that wing',
    'common/files/b.ts imports agent/main.ts: common may not import that wing',
    'factory/cli/main.ts imports agent/main.ts: factory may not import that wing',
    'factory/attic/c.ts is in a room that the order does not name',
    'agent/main.ts imports factory/cli/main.ts: agent may not import that wing',
    'shed/e.ts is in no known wing',
  ]);
});

test('reads the order of rooms', () => {
  const page = '# A\n\n```text\nx/y other\n```\n\n```text rooms\na/b  first\na/c\n\nd/e  last\n```\n';
  expect(parseRoomOrder(page)).toEqual(['a/b', 'a/c', 'd/e']);
  expect(() => parseRoomOrder('# A\n')).toThrow('no block marked "text rooms"');
});

test('finds circles, however long, and files that import themselves', () => {
  const graph = new Map([
    ['a', ['b']],
    ['b', ['c']],
    ['c', ['d', 'a']],
    ['d', ['e']],
    ['e', ['f']],
    ['f', ['e']],
    ['g', ['g']],
    ['h', ['a', 'g']],
  ]);
  expect(importCircles(graph)).toEqual([['e', 'f'], ['a', 'b', 'c'], ['g']]);
  expect(
    importCircles(
      new Map([
        ['a', ['b', 'c']],
        ['b', ['d']],
        ['c', ['d']],
        ['d', []],
      ]),
    ),
  ).toEqual([]);
});

test('measures files', () => {
  expect(countLines('a\nb\n')).toBe(2);
  expect(countLines('a\nb')).toBe(2);
  expect(quantile([30, 10, 20, 40], 0.5)).toBe(20);
  expect(quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 100], 0.9)).toBe(9);
});
