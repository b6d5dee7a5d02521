import type { FunctionContext } from '../function.ts';
import { isDict, isList, typeOf, type Value } from '../value.ts';

/** `index COLLECTION KEY…` (Go text/template, "Functions"). @throws FactoryError `usage` for an index out of range */
export function indexOf([from]: [Value], keys: readonly Value[], { fail }: FunctionContext): Value {
  let value = from;
  for (const key of keys) {
    if (isDict(value)) {
      if (typeof key !== 'string') return fail(`a map has no key of type ${typeOf(key)}`);
      value = value.get(key) ?? null;
    } else if (isList(value)) {
      value = value[checkedIndex(key, value.length - 1, fail)];
    } else if (typeof value === 'string') {
      const bytes = Buffer.from(value);
      value = bytes[checkedIndex(key, bytes.length - 1, fail)];
    } else {
      return fail(`a value of type ${typeOf(value)} has no items`);
    }
  }
  return value;
}

/** `slice COLLECTION FROM TO`; text is sliced by characters (Go text/template, "Functions"; Sprig for lists). */
export function sliceOf([from]: [Value], indexes: readonly Value[], { fail }: FunctionContext): Value {
  if (indexes.length > 2) return fail('takes at most two indexes');
  if (typeof from !== 'string' && !isList(from)) return fail(`cannot slice a value of type ${typeOf(from)}`);
  const items = typeof from === 'string' ? [...from] : from;
  const [start = 0, end = items.length] = indexes.map((index) => checkedIndex(index, items.length, fail));
  if (start > end) return fail(`the start index ${start} is after the end index ${end}`);
  const part = items.slice(start, end);
  return typeof from === 'string' ? part.join('') : part;
}

function checkedIndex(index: Value, last: number, fail: (message: string) => never): number {
  if (typeof index !== 'number' || !Number.isInteger(index))
    return fail(`an index is a whole number, not ${typeOf(index)}`);
  return index < 0 || index > last ? fail(`index ${index} is out of range`) : index;
}
