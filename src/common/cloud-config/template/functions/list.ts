import { type FunctionContext, fixed, type TemplateFunction, variadic } from '../function.ts';
import { any, int, list, optionalList, string, texts, whole } from '../param.ts';
import { compareText, type Dict, isDict, isList, isTrue, type List, type Value } from '../value.ts';

/** Sprig, "String List Functions", "Lists" and "Integer Slice Functions". */
export const LIST_FUNCTIONS: readonly TemplateFunction[] = [
  variadic('list', 'a list of the values', [], any, (_, values) => values),
  variadic('tuple', 'the same as list', [], any, (_, values) => values),
  fixed('first', 'first item of a list', [list], ([items]) => items[0]),
  fixed('last', 'last item of a list', [list], ([items]) => items.at(-1)),
  fixed('rest', 'all items except the first', [list], ([items]) => items.slice(1)),
  fixed('initial', 'all items except the last', [list], ([items]) => items.slice(0, -1)),
  fixed('append', 'the list with the value appended', [list, any], ([items, value]) => [...items, value]),
  fixed('prepend', 'the list with the value prepended', [list, any], ([items, value]) => [value, ...items]),
  variadic('concat', 'one list with the items of all lists', [], list, (_, lists, { grow }) => {
    grow(lists.reduce((sum, items) => sum + items.length, 0));
    return lists.flat();
  }),
  fixed('uniq', 'the list without duplicates', [list], ([items], context) => {
    const kept: Value[] = [];
    for (const item of items) if (!holds(kept, item, context)) kept.push(item);
    return kept;
  }),
  fixed('has', 'whether the value is in the list', [any, optionalList], ([value, items], context) =>
    holds(items, value, context),
  ),
  variadic('without', 'the list without the values', [list], any, ([items], values, context) =>
    items.filter((item) => !holds(values, item, context)),
  ),
  fixed('compact', 'the list without empty items', [list], ([items]) => items.filter(isTrue)),
  fixed('reverse', 'the list in reverse order', [list], ([items]) => items.toReversed()),
  fixed('sortAlpha', 'the items as text, sorted', [texts], ([items]) => [...items].sort(compareText)),
  fixed('join', 'the items of a list joined with the first text', [string, texts], joined),
  fixed(
    'split',
    'the second text split at the first, as a map with keys _0, _1, …',
    [string, string],
    ([separator, value]) => numbered(value.split(separator)),
  ),
  fixed(
    'splitn',
    'the same as split, with at most that many parts',
    [string, int, string],
    ([separator, count, value]) => numbered(splitAtMost(value, separator, count)),
  ),
  fixed(
    'splitList',
    'the second text split at the first, as a list',
    [string, string],
    ([separator, value]) => value.split(separator),
  ),
  fixed('until', 'a list of the integers from 0 up to the number', [whole], ([end], context) =>
    steps({ start: 0, end, step: end < 0 ? -1 : 1 }, context),
  ),
  fixed(
    'untilStep',
    'a list of the numbers from the first up to the second, by the third',
    [whole, whole, whole],
    ([start, end, step], context) => steps({ start, end, step }, context),
  ),
  variadic('seq', 'the numbers up to the last as text, as the program seq prints them', [], whole, sequence),
];

/** Whether the list has an item that is deeply equal to the value. */
function holds(items: List, value: Value, context: FunctionContext): boolean {
  context.grow(items.length);
  return items.some((item) => same(item, value, { context, depth: 0 }));
}

interface Comparison {
  readonly context: FunctionContext;
  /** Number of lists and maps around the values. */
  readonly depth: number;
}

function same(a: Value, b: Value, { context, depth }: Comparison): boolean {
  context.grow(1);
  if (depth > 100) return context.fail('a value is nested more than 100 deep');
  const inner = { context, depth: depth + 1 };
  if (isList(a) && isList(b))
    return a.length === b.length && a.every((item, index) => same(item, b[index], inner));
  if (isDict(a) && isDict(b))
    return a.size === b.size && [...a].every(([key, item]) => b.has(key) && same(item, b.get(key), inner));
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  return (a ?? null) === (b ?? null);
}

function joined([separator, items]: [string, readonly string[]], { grow }: FunctionContext): string {
  grow(items.reduce((sum, item) => sum + item.length + separator.length, 0));
  return items.join(separator);
}

function numbered(parts: readonly string[]): Dict {
  return new Map(parts.map((part, index) => [`_${index}`, part]));
}

/** A negative count returns all parts, 0 returns none. */
function splitAtMost(value: string, separator: string, count: number): string[] {
  const parts = value.split(separator);
  if (count < 0 || parts.length <= count) return parts;
  return count === 0 ? [] : [...parts.slice(0, count - 1), parts.slice(count - 1).join(separator)];
}

interface Steps {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  readonly step: number;
}

function steps({ start, end, step }: Steps, { grow }: FunctionContext): number[] {
  const count = step === 0 ? 0 : Math.max(0, Math.ceil((end - start) / step));
  grow(count);
  return Array.from({ length: count }, (_, index) => start + index * step);
}

/** `seq END`, `seq START END`, `seq START STEP END`; both ends are inclusive. */
function sequence(_: [], numbers: readonly number[], context: FunctionContext): string {
  const [first = 1, second, third] = numbers;
  if (numbers.length === 0 || numbers.length > 3) return '';
  const [start, end] = second === undefined ? [1, first] : [first, third ?? second];
  const down = end < start;
  const step = third === undefined || second === undefined ? (down ? -1 : 1) : second;
  return steps({ start, end: end + Math.sign(step), step }, context).join(' ');
}
