import { describe, expect, test } from 'vitest';
import { table } from '../../../../src/factory/cli/table.ts';

const ROWS = [
  ['LOG', 'SIZE', 'COMMAND'],
  ['1', '12 KiB', 'build --flavor debian --artifact iso'],
  ['2', '', 'plan'],
];

test('a table has aligned columns, and no limit where there is no terminal', () => {
  const whole = [
    'LOG  SIZE    COMMAND',
    '1    12 KiB  build --flavor debian --artifact iso',
    '2            plan',
    '',
  ].join('\n');
  expect(table(ROWS)).toBe(whole);
  expect(table(ROWS, { columns: 49 })).toBe(whole);
});

test('the last column is folded where the terminal is narrower', () => {
  expect(table(ROWS, { columns: 40 })).toBe(
    [
      'LOG  SIZE    COMMAND',
      '1    12 KiB  build --flavor debian',
      '             --artifact iso',
      '2            plan',
      '',
    ].join('\n'),
  );
});

test('a last column that is optional is left out where the others have room without it', () => {
  const layout = { columns: 30, isLastOptional: true };
  const wide = ROWS.map((row) => [...row, 'x'.repeat(30)]);
  expect(table(wide, layout)).toBe(table(ROWS, { columns: 30 }));
  expect(table(wide, { ...layout, columns: 100 })).toBe(table(wide));
  expect(table(wide, { ...layout, columns: 20 })).toBe(table(wide, { columns: 20 }));
});

test('each row is a block where there is no room for columns', () => {
  expect(table(ROWS, { columns: 24 })).toBe(
    [
      '1',
      '  SIZE     12 KiB',
      '  COMMAND  build',
      '           --flavor',
      '           debian',
      '           --artifact',
      '           iso',
      '2',
      '  COMMAND  plan',
      '',
    ].join('\n'),
  );
  const bare = [
    ['ok', 'buildah', 'builds the images of this program'],
    ['MISSING', 'qemu', ''],
  ];
  expect(table(bare, { columns: 20, isHeaded: false })).toBe(
    ['ok', '  buildah', '  builds the images', '  of this program', 'MISSING', '  qemu', ''].join('\n'),
  );
});

describe.each([80, 40, 30, 12, 1])('at %i columns', (columns) => {
  const wide = [
    ['STEP', 'STATE', 'WHAT', 'NEEDS'],
    ['artifact:iso', 'run if changed', 'make the installation medium', 'image, squashfs, boot'],
    ['x'.repeat(50), 'run', 'y'.repeat(70), 'z'],
  ];
  test.each([[ROWS], [wide], [[['', '']]]])('no line is longer, and nothing is lost (%#)', (rows) => {
    const text = table(rows, { columns });
    const limit = Math.max(columns, 14);
    expect(text.split('\n').filter((line) => line.length > limit)).toEqual([]);
    const squeezed = text.replace(/\s/g, '');
    for (const cell of rows.slice(1).flat()) expect(squeezed).toContain(cell.split(' ')[0] ?? '');
  });
});
