import type { FunctionContext } from '../function.ts';
import { isDict, isList, typeOf, type Value } from '../value.ts';

/** `index COLLECTION KEY…` (Go text/template, "Functions"). @throws FactoryError `usage` for a place that is not there */
export function indexOf([from]: [Value], keys: readonly Value[], { fail }: FunctionContext): Value {
  let value = from;
  for (const key of keys) {
    if (isDict(value)) {
      if (typeof key !== 'string') return fail(`a map has no key of type ${typeOf(key)}`);
      value = value.get(key) ?? null;
    } else if (isList(value)) {
      value = value[placeIn(key, value.length - 1, fail)];
    } else if (typeof value === 'string') {
      const bytes = Buffer.from(value);
      value = bytes[placeIn(key, bytes.length - 1, fail)];
    } else {
      return fail(`a value of type ${typeOf(value)} has no items`);
    }
  }
  return value;
}

/** `slice COLLECTION FROM TO`, of a text by characters (Go text/template, "Functions"; Sprig for lists). */
export function sliceOf([from]: [Value], places: readonly Value[], { fail }: FunctionContext): Value {
  if (places.length > 2) return fail('takes at most two places');
  if (typeof from !== 'string' && !isList(from)) return fail(`cannot slice a value of type ${typeOf(from)}`);
  const items = typeof from === 'string' ? [...from] : from;
  const [start = 0, end = items.length] = places.map((place) => placeIn(place, items.length, fail));
  if (start > end) return fail(`the place ${start} comes after ${end}`);
  const part = items.slice(start, end);
  return typeof from === 'string' ? part.join('') : part;
}

function placeIn(place: Value, last: number, fail: (message: string) => never): number {
  if (typeof place !== 'number' || !Number.isInteger(place))
    return fail(`a place is a whole number, not ${typeOf(place)}`);
  return place < 0 || place > last ? fail(`place ${place} is out of range`) : place;
}
