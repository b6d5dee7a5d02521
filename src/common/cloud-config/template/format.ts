import type { FunctionContext } from './function.ts';
import { isDict, isList, sortedKeys, type Value } from './value.ts';

/** The part of a function's context that formatting needs. */
export type Meter = Pick<FunctionContext, 'grow' | 'fail'>;

/** Maximum nesting of lists and maps; `set` can make a map that contains itself. */
const MAX_DEPTH = 100;

/**
 * Formats a value as Go does with `%v` (Go fmt, "Printing").
 * @throws FactoryError `usage` when the text is too long or the value contains itself
 */
export function formatValue(value: Value, meter: Meter, depth = 0): string {
  if (depth > MAX_DEPTH) meter.fail(`a value is nested more than ${MAX_DEPTH} deep`);
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

/** Formats a number as Go does with `%v`; an integer below 1e21 has no exponent, like Go's `int`. */
export function formatNumber(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? String(value) : formatShortest(value);
}

/** Formats a number like Go's `%g`: the fewest digits, with an exponent below 1e-4 and from 1e6 (Go strconv.FormatFloat). */
export function formatShortest(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-4 || size >= 1e6) ? twoDigitExponent(value.toExponential()) : String(value);
}

/** Pads an exponent to two digits, as Go does. */
export function twoDigitExponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

/** Formats a time as Go prints it, in UTC. */
function formatTime(time: Date): string {
  const [day = '', clock = ''] = time.toISOString().split('T');
  return `${day} ${clock.replace(/\.?0*Z$/, '')} +0000 UTC`;
}
