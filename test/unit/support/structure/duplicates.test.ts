import { expect, test } from 'vitest';
import { findDuplicates, significantLines } from '../../../support/structure/duplicates.ts';

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `call(${from + index});`);
const text = (...lines: readonly string[]) => `${lines.join('\n')}\n`;

test('finds a run of equal lines in two files, whole and once', () => {
  const sources = new Map([
    ['a.ts', text('first();', ...numbered(1, 9), 'last();')],
    ['b.ts', text(...numbered(1, 9), 'other();')],
  ]);
  expect(findDuplicates(sources, 7)).toEqual([{ first: 'a.ts:2', second: 'b.ts:1', lines: numbered(1, 9) }]);
  expect(findDuplicates(sources, 10)).toEqual([]);
});

test('finds a run that stands twice in one file, and each of three places', () => {
  const once = new Map([['a.ts', text(...numbered(1, 7), 'between();', ...numbered(1, 7))]]);
  expect(findDuplicates(once, 7)).toEqual([{ first: 'a.ts:1', second: 'a.ts:9', lines: numbered(1, 7) }]);
  const three = new Map(['a.ts', 'b.ts', 'c.ts'].map((file) => [file, text(...numbered(1, 7))]));
  expect(findDuplicates(three, 7)).toHaveLength(3);
});

test('indentation, comments, blank lines and imports do not count', () => {
  const a = text(
    "import { x } from './x.ts';",
    '{',
    '  call(1); // why',
    '',
    '  /* more',
    '     lines */',
    '  call(2);',
    '}',
  );
  expect(significantLines('a.ts', a)).toEqual([
    { text: '{', number: 2 },
    { text: 'call(1);', number: 3 },
    { text: 'call(2);', number: 7 },
    { text: '}', number: 8 },
  ]);
  const b = text('{', '      call(1);', '      call(2);', '}');
  expect(
    findDuplicates(
      new Map([
        ['a.ts', a],
        ['b.ts', b],
      ]),
      4,
    ),
  ).toHaveLength(1);
  const imports = text('import {', '  a,', '  b,', "} from './x.ts';", "export * from './y.ts';");
  expect(significantLines('c.ts', imports)).toEqual([]);
});

test('refuses code that does not parse', () => {
  expect(() => significantLines('a.ts', 'const = 1;')).toThrow(/^a\.ts: /);
});
