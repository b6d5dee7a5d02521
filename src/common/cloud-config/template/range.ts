import { isDict, isList, sortedKeys, typeOf, type Value } from './value.ts';

/**
 * Yields the key-value pairs of a `range`: a list with its indexes, a map in key order, the numbers below a whole number;
 * nothing for nil (Go text/template, "Actions").
 * @param names the number of variables that receive each pair
 */
export function* iterate(
  value: Value,
  names: number,
  fail: (message: string) => never,
): Generator<readonly [Value, Value]> {
  if (value === undefined || value === null) return;
  if (isList(value)) {
    yield* value.entries();
  } else if (isDict(value)) {
    for (const key of sortedKeys(value)) yield [key, value.get(key)];
  } else if (typeof value === 'number' && Number.isInteger(value)) {
    if (names > 1) fail('a range over a number takes only one variable');
    for (let index = 0; index < value; index++) yield [index, index];
  } else {
    fail(`range cannot iterate over ${typeOf(value)}`);
  }
}
