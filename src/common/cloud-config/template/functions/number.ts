import { type FunctionContext, fixed, type TemplateFunction, variadic } from '../function.ts';
import { int, number, string, text, whole } from '../param.ts';

/** Sprig, "Integer Math Functions", "Float Math Functions" and "Type Conversion Functions". */
export const NUMBER_FUNCTIONS: readonly TemplateFunction[] = [
  variadic('add', 'sum of integers', [], whole, (_, values) => values.reduce((sum, value) => sum + value, 0)),
  fixed('add1', 'the integer plus one', [whole], ([value]) => value + 1),
  fixed('sub', 'the first integer minus the second', [whole, whole], ([a, b]) => a - b),
  variadic('mul', 'product of integers', [whole], whole, ([first], rest) =>
    rest.reduce((product, value) => product * value, first),
  ),
  fixed(
    'div',
    'the first integer divided by the second, truncated',
    [whole, whole],
    ([a, b], context) => Math.trunc(a / divisor(b, context)) + 0,
  ),
  fixed(
    'mod',
    'remainder of an integer division',
    [whole, whole],
    ([a, b], context) => (a % divisor(b, context)) + 0,
  ),
  variadic('max', 'largest of the integers', [whole], whole, ([first], rest) =>
    rest.reduce((most, value) => Math.max(most, value), first),
  ),
  variadic('min', 'smallest of the integers', [whole], whole, ([first], rest) =>
    rest.reduce((least, value) => Math.min(least, value), first),
  ),
  variadic(
    'round',
    'the number rounded to that many places',
    [number, int],
    number,
    ([value, places], [on = 0.5]) => rounded(value, places, on),
  ),
  fixed('floor', 'largest integer that is not greater than the number', [number], ([value]) =>
    Math.floor(value),
  ),
  fixed('ceil', 'smallest integer that is not less than the number', [number], ([value]) => Math.ceil(value)),
  fixed('int', 'the value as an integer, or 0 if it is not one', [whole], ([value]) => value),
  fixed('int64', 'the same as int', [whole], ([value]) => value),
  fixed('float64', 'the value as a number, or 0 if it is not one', [number], ([value]) => value),
  fixed('atoi', 'the text as an integer, or 0 if it is not one', [string], ([value]) =>
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
