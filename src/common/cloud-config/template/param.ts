import { formatValue } from './format.ts';
import type { Param } from './function.ts';
import { type Dict, isDict, isList, kindOf, type List, typeOf, type Value } from './value.ts';

/** Anything. */
export const any: Param<Value> = (value) => value ?? null;

/** Text, as it is: Go takes no number for it. */
export const string: Param<string> = (value, context) =>
  typeof value === 'string' ? value : context.fail(`expected a string, got ${nameOf(value)}`);

/** A whole number, as it is. */
export const int: Param<number> = (value, context) =>
  typeof value === 'number' && Number.isInteger(value)
    ? value
    : context.fail(`expected a whole number, got ${nameOf(value)}`);

/** A truth value. */
export const bool: Param<boolean> = (value, context) =>
  typeof value === 'boolean' ? value : context.fail(`expected true or false, got ${nameOf(value)}`);

/** A list. */
export const list: Param<List> = (value, context) =>
  isList(value) ? value : context.fail(`expected a list, got ${nameOf(value)}`);

/** A list; nil stands for an empty one. */
export const optionalList: Param<List> = (value, context) =>
  value === undefined || value === null ? [] : list(value, context);

/** A map. */
export const dict: Param<Dict> = (value, context) =>
  isDict(value) ? value : context.fail(`expected a map, got ${nameOf(value)}`);

/** Anything as text: Sprig's `strval`. */
export const text: Param<string> = (value, context) => formatValue(value ?? null, context);

/** Anything as text or a list of it: Sprig's `strslice`, which leaves nil out. */
export const texts: Param<readonly string[]> = (value, context) => {
  if (value === undefined || value === null) return [];
  if (!isList(value)) return [formatValue(value, context)];
  return value
    .filter((item) => item !== undefined && item !== null)
    .map((item) => formatValue(item, context));
};

/** Anything as a number, 0 when it is none: Sprig casts for arithmetic. */
export const number: Param<number> = (value) => {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'string' || value.trim() === '') return 0;
  const parsed = Number(value);
  return Number.isFinite(parsed) ? parsed : 0;
};

/** The same, cut to a whole number. */
export const whole: Param<number> = (value, context) => Math.trunc(number(value, context));

function nameOf(value: Value): string {
  if (value === undefined) return 'no value';
  return kindOf(value) === 'invalid' ? 'nil' : typeOf(value);
}
