import { type FunctionContext, fixed, type TemplateFunction, variadic } from '../function.ts';
import { int, number, string, text, whole } from '../param.ts';

/** Sprig, "Integer Math Functions", "Float Math Functions" and "Type Conversion Functions". */
export const NUMBER_FUNCTIONS: readonly TemplateFunction[] = [
  variadic('add', 'sum of whole numbers', [], whole, (_, values) =>
    values.reduce((sum, value) => sum + value, 0),
  ),
  fixed('add1', 'the whole number after it', [whole], ([value]) => value + 1),
  fixed('sub', 'the first whole number less the second', [whole, whole], ([a, b]) => a - b),
  variadic('mul', 'product of whole numbers', [whole], whole, ([first], rest) =>
    rest.reduce((product, value) => product * value, first),
  ),
  fixed(
    'div',
    'the first whole number divided by the second, without a rest',
    [whole, whole],
    ([a, b], context) => Math.trunc(a / divisor(b, context)) + 0,
  ),
  fixed(
    'mod',
    'rest of a division of whole numbers',
    [whole, whole],
    ([a, b], context) => (a % divisor(b, context)) + 0,
  ),
  variadic('max', 'largest of whole numbers', [whole], whole, ([first], rest) =>
    rest.reduce((most, value) => Math.max(most, value), first),
  ),
  variadic('min', 'smallest of whole numbers', [whole], whole, ([first], rest) =>
    rest.reduce((least, value) => Math.min(least, value), first),
  ),
  variadic(
    'round',
    'the number rounded to that many places',
    [number, int],
    number,
    ([value, places], [on = 0.5]) => rounded(value, places, on),
  ),
  fixed('floor', 'largest whole number that is not above it', [number], ([value]) => Math.floor(value)),
  fixed('ceil', 'smallest whole number that is not below it', [number], ([value]) => Math.ceil(value)),
  fixed('int', 'the value as a whole number, 0 when it is none', [whole], ([value]) => value),
  fixed('int64', 'the same as int', [whole], ([value]) => value),
  fixed('float64', 'the value as a number, 0 when it is none', [number], ([value]) => value),
  fixed('atoi', 'the text as a whole number, 0 when it is none', [string], ([value]) =>
    /^[+-]?\d+$/.test(value) ? Number(value) : 0,
  ),
  fixed('toString', 'the value as text', [text], ([value]) => value),
];

function divisor(value: number, { fail }: FunctionContext): number {
  return value === 0 ? fail('division by zero') : value;
}

function rounded(value: number, places: number, on: number): number {
  const power = 10 ** places;
  const digit = power * value;
  const fraction = digit % 1;
  return (fraction >= on ? Math.ceil(digit) : Math.floor(digit)) / power;
}
