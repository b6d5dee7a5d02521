import type { FunctionContext } from './function.ts';
import { isDict, isList, sortedKeys, type Value } from './value.ts';

/** What formatting needs of the context of a function. */
export type Meter = Pick<FunctionContext, 'grow' | 'fail'>;

/** Lists and maps inside each other; `set` can make a map that holds itself. */
const MAX_DEPTH = 100;

/**
 * A value as Go prints it with `%v` (Go fmt, "Printing").
 * @throws FactoryError `usage` when that is too long or endless
 */
export function formatValue(value: Value, meter: Meter, depth = 0): string {
  if (depth > MAX_DEPTH) meter.fail(`a value goes deeper than ${MAX_DEPTH}`);
  meter.grow(1);
  if (value === undefined || value === null) return '<nil>';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return formatNumber(value);
  if (value instanceof Date) return formatTime(value);
  if (isList(value)) {
    return joined(
      value.map((item) => formatValue(item, meter, depth + 1)),
      '[',
      meter,
    );
  }
  if (!isDict(value)) return String(value);
  const pairs = sortedKeys(value).map((key) => `${key}:${formatValue(value.get(key), meter, depth + 1)}`);
  return joined(pairs, 'map[', meter);
}

function joined(parts: readonly string[], open: string, meter: Meter): string {
  meter.grow(parts.reduce((sum, part) => sum + part.length + 1, open.length));
  return `${open}${parts.join(' ')}]`;
}

/** A number as Go prints it with `%v`; a whole one has no exponent below 1e21, as an `int` of Go. */
export function formatNumber(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? String(value) : formatShortest(value);
}

/** As Go's `%g`: the fewest digits, with an exponent below 1e-4 and from 1e6 on (Go strconv.FormatFloat, `g` and -1). */
export function formatShortest(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-4 || size >= 1e6) ? twoDigitExponent(value.toExponential()) : String(value);
}

/** Go writes at least two digits of an exponent. */
export function twoDigitExponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

/** A time as Go prints it, in UTC. */
function formatTime(time: Date): string {
  const [day = '', clock = ''] = time.toISOString().split('T');
  return `${day} ${clock.replace(/\.?0*Z$/, '')} +0000 UTC`;
}
