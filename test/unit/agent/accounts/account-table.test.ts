import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findRow, isField, removeRow, rowsOf, setRow } from '../../../../src/agent/accounts/account-table.ts';

const TABLE = '# local accounts\nroot:x:0:\n\n+nis:::\nadm:x:4:syslog\n';

test('comments, blank lines and NIS lines are not rows', () => {
  expect(rowsOf(TABLE)).toEqual([
    ['root', 'x', '0', ''],
    ['adm', 'x', '4', 'syslog'],
  ]);
  expect(findRow(TABLE, '+nis')).toBeUndefined();
});

test('a row is replaced in place, or appended', () => {
  expect(setRow(TABLE, ['root', 'x', '0', 'bob'])).toBe(TABLE.replace('root:x:0:', 'root:x:0:bob'));
  expect(setRow(TABLE, ['new', 'x', '5', ''])).toBe(`${TABLE}new:x:5:\n`);
  expect(setRow('a:1', ['b', '2'])).toBe('a:1\nb:2\n');
  expect(setRow('', ['b', '2'])).toBe('b:2\n');
});

test('removing a row changes nothing else', () => {
  expect(removeRow(TABLE, 'adm')).toBe('# local accounts\nroot:x:0:\n\n+nis:::\n');
  expect(removeRow(TABLE, 'nobody')).toBe(TABLE);
});

test('text with a separator is not a field', () => {
  expect(['a b', 'ä', ''].every(isField)).toBe(true);
  expect(['a:b', 'a\nb', 'a\rb', 'a\0'].some(isField)).toBe(false);
});

test('property: setting and removing a row restores the table byte for byte', () => {
  const line = fc.stringMatching(/^[#+a-z0-9: é]{0,12}$/);
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const table = lines.map((text) => `${text}\n`).join('');
      const changed = setRow(table, ['NEW', 'x', '7', '']);
      expect(changed.startsWith(table)).toBe(true);
      expect(findRow(changed, 'NEW')).toEqual(['NEW', 'x', '7', '']);
      expect(removeRow(changed, 'NEW')).toBe(table);
    }),
  );
});
