import { expect, test } from 'vitest';
import { compareValues } from '../../../../../src/factory/inspect/diff/compare-values.ts';

test.each([
  [{ a: 1 }, { a: 1 }, []],
  [{ a: { b: 1, c: [1, 2] } }, { a: { b: 2, c: [1, 3] } }, ['a.b', 'a.c.1']],
  [{ a: 1 }, { b: 1 }, ['a', 'b']],
  [{ a: [1] }, { a: { 0: 1 } }, ['a']],
  [{ a: [] }, { a: [{ b: null }] }, ['a.0']],
  [{ a: null }, { a: {} }, ['a']],
])('%j and %j differ at %j', (before, after, keys) => {
  expect(compareValues(before, after).map(({ key }) => key)).toEqual(keys);
});
