import { type FunctionContext, fixed, type TemplateFunction, variadic } from '../function.ts';
import { any, dict, string, text } from '../param.ts';
import { type Dict, isDict, isTrue, sortedKeys, typeOf, type Value } from '../value.ts';

/** Sprig, "Dictionaries". Where Sprig leaves the order of keys undefined, they are sorted. */
export const DICT_FUNCTIONS: readonly TemplateFunction[] = [
  variadic('dict', 'a map from alternating keys and values', [], any, (_, values, context) => {
    const made: Dict = new Map();
    for (let index = 0; index < values.length; index += 2) {
      made.set(text(values[index], context), index + 1 < values.length ? values[index + 1] : '');
    }
    return made;
  }),
  fixed('get', 'value of a key, or an empty text', [dict, string], ([from, key]) =>
    from.has(key) ? from.get(key) : '',
  ),
  fixed(
    'set',
    'sets a key of the map, and returns the map',
    [dict, string, any],
    ([into, key, value], { grow }) => {
      grow(key.length);
      return into.set(key, value);
    },
  ),
  fixed('unset', 'removes a key of the map, and returns the map', [dict, string], ([from, key]) => {
    from.delete(key);
    return from;
  }),
  fixed('hasKey', 'whether the map has the key', [dict, string], ([from, key]) => from.has(key)),
  variadic('keys', 'keys of the maps', [], dict, (_, maps) => maps.flatMap(sortedKeys)),
  fixed('values', 'values of the map, in the order of its keys', [dict], ([from]) =>
    sortedKeys(from).map((key) => from.get(key)),
  ),
  variadic('pluck', 'values of the key in all maps that have it', [string], dict, ([key], maps) =>
    maps.filter((map) => map.has(key)).map((map) => map.get(key)),
  ),
  variadic(
    'pick',
    'the map with only those keys',
    [dict],
    string,
    ([from], keys) => new Map([...from].filter(([key]) => keys.includes(key))),
  ),
  variadic(
    'omit',
    'the map without those keys',
    [dict],
    string,
    ([from], keys) => new Map([...from].filter(([key]) => !keys.includes(key))),
  ),
  variadic(
    'merge',
    'adds the keys that the first map lacks from the others, and returns it',
    [dict],
    dict,
    ([into], others, context) => {
      for (const other of others) mergeInto(into, other, { isReplaced: isUnset, context });
      return into;
    },
  ),
  variadic(
    'mergeOverwrite',
    'the same, but later maps take precedence',
    [dict],
    dict,
    ([into], others, context) => {
      for (const other of others) mergeInto(into, other, { isReplaced: isGiven, context });
      return into;
    },
  ),
  variadic(
    'dig',
    'value at a path of keys in the map, the last argument, or else the argument before it',
    [],
    any,
    dig,
  ),
];

interface MergeOptions {
  /** Whether the value of the other map replaces the present one. */
  readonly isReplaced: (present: Value, given: Value) => boolean;
  readonly context: FunctionContext;
  /** Number of maps around the present one. */
  readonly depth?: number;
}

/** Empty values count as missing, as in Go's mergo. */
function isUnset(present: Value): boolean {
  return !isTrue(present);
}

function isGiven(_: Value, given: Value): boolean {
  return isTrue(given);
}

function mergeInto(into: Dict, from: Dict, options: MergeOptions): void {
  const { isReplaced, context, depth = 0 } = options;
  context.grow(from.size);
  if (depth > 100) context.fail('a map is nested more than 100 deep');
  if (into === from) return;
  for (const [key, value] of from) {
    const present = into.get(key);
    if (isDict(present) && isDict(value)) mergeInto(present, value, { ...options, depth: depth + 1 });
    else if (!into.has(key) || isReplaced(present, value)) into.set(key, value);
  }
}

function dig(_: [], args: readonly Value[], context: FunctionContext): Value {
  const from = args.at(-1);
  const other = args.at(-2);
  const keys = args.slice(0, -2);
  if (keys.length === 0) return context.fail('expected at least one key, a default value and a map');
  let value = from;
  for (const key of keys) {
    if (!isDict(value)) return context.fail(`expected a map, got ${typeOf(value)}`);
    const name = text(key, context);
    if (!value.has(name)) return other;
    value = value.get(name);
  }
  return value;
}
