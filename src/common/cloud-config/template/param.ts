import { formatValue } from './format.ts';
import type { Param } from './function.ts';
import { type Dict, isDict, isList, kindOf, type List, typeOf, type Value } from './value.ts';

/** Any value. */
export const any: Param<Value> = (value) => value ?? null;

/** Text; as in Go, numbers are not converted. */
export const string: Param<string> = (value, context) =>
  typeof value === 'string' ? value : context.fail(`expected a string, got ${nameOf(value)}`);

/** A whole number, without conversion. */
export const int: Param<number> = (value, context) =>
  typeof value === 'number' && Number.isInteger(value)
    ? value
    : context.fail(`expected a whole number, got ${nameOf(value)}`);

/** A boolean. */
export const bool: Param<boolean> = (value, context) =>
  typeof value === 'boolean' ? value : context.fail(`expected true or false, got ${nameOf(value)}`);

/** A list. */
export const list: Param<List> = (value, context) =>
  isList(value) ? value : context.fail(`expected a list, got ${nameOf(value)}`);

/** A list; nil is an empty list. */
export const optionalList: Param<List> = (value, context) =>
  value === undefined || value === null ? [] : list(value, context);

/** A map. */
export const dict: Param<Dict> = (value, context) =>
  isDict(value) ? value : context.fail(`expected a map, got ${nameOf(value)}`);

/** Any value, converted to text: Sprig's `strval`. */
export const text: Param<string> = (value, context) => formatValue(value ?? null, context);

/** Any value, converted to a list of texts without nil: Sprig's `strslice`. */
export const texts: Param<readonly string[]> = (value, context) => {
  if (value === undefined || value === null) return [];
  if (!isList(value)) return [formatValue(value, context)];
  return value
    .filter((item) => item !== undefined && item !== null)
    .map((item) => formatValue(item, context));
};

/** Any value, converted to a number, or 0 when it is not numeric: Sprig's casts for arithmetic. */
export const number: Param<number> = (value) => {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'string' || value.trim() === '') return 0;
  const parsed = Number(value);
  return Number.isFinite(parsed) ? parsed : 0;
};

/** Like {@link number}, truncated to a whole number. */
export const whole: Param<number> = (value, context) => Math.trunc(number(value, context));

function nameOf(value: Value): string {
  if (value === undefined) return 'no value';
  return kindOf(value) === 'invalid' ? 'nil' : typeOf(value);
}
