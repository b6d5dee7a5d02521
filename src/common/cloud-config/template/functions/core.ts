import { formatValue } from '../format.ts';
import { fixed, type TemplateFunction, variadic } from '../function.ts';
import { any, bool, string, text } from '../param.ts';
import { sprintf } from '../printf.ts';
import { isDict, isList, isTrue, kindOf, typeOf, type Value } from '../value.ts';
import { indexOf, sliceOf } from './element.ts';
import { escapeHtml, escapeJs, escapeQuery } from './escape.ts';

/** Go's built-in functions except comparisons (Go text/template, "Functions"), and Sprig's defaults and types. */
export const CORE_FUNCTIONS: readonly TemplateFunction[] = [
  variadic('and', 'the first argument that is empty, or the last', [any], any, ([first], rest) =>
    [first, ...rest].reduce((value, next) => (isTrue(value) ? next : value)),
  ),
  variadic('or', 'the first argument that is not empty, or the last', [any], any, ([first], rest) =>
    [first, ...rest].reduce((value, next) => (isTrue(value) ? value : next)),
  ),
  fixed('not', 'whether the value is empty', [any], ([value]) => !isTrue(value)),
  variadic('index', 'item of a list or map, one step for each further argument', [any], any, indexOf),
  variadic('slice', 'part of a text or list, from one position up to another', [any], any, sliceOf),
  fixed('len', 'number of items, or of bytes of a text', [any], ([value], { fail }) => {
    if (typeof value === 'string') return Buffer.byteLength(value);
    if (isList(value)) return value.length;
    return isDict(value) ? value.size : fail(`a value of type ${typeOf(value)} has no length`);
  }),
  variadic(
    'print',
    'the values as text, with spaces between values that are not strings',
    [],
    any,
    (_, values, context) =>
      values
        .map((value, index) => {
          const spaced = index > 0 && typeof value !== 'string' && typeof values[index - 1] !== 'string';
          return (spaced ? ' ' : '') + formatValue(value, context);
        })
        .join(''),
  ),
  variadic(
    'println',
    'the values as text, with spaces between them and a new line after them',
    [],
    text,
    (_, values) => `${values.join(' ')}\n`,
  ),
  variadic(
    'printf',
    'the values formatted with a format such as "%s has %d"',
    [string],
    any,
    ([format], values, context) => sprintf(format, values, context),
  ),
  variadic('html', 'the text escaped for HTML', [], text, (_, values) => escapeHtml(values.join(''))),
  variadic('js', 'the text escaped for JavaScript', [], text, (_, values) => escapeJs(values.join(''))),
  variadic('urlquery', 'the text escaped for the query of a URL', [], text, (_, values) =>
    escapeQuery(values.join('')),
  ),

  variadic(
    'default',
    'the second value, or the first if the second is empty',
    [any],
    any,
    ([other], [value]) => (isTrue(value) ? value : other),
  ),
  fixed(
    'empty',
    'whether the value is empty: nil, false, 0, or without content',
    [any],
    ([value]) => !isTrue(value),
  ),
  variadic('coalesce', 'the first value that is not empty', [], any, (_, values) => values.find(isTrue)),
  variadic('all', 'whether no value is empty', [], any, (_, values) => values.every(isTrue)),
  variadic('any', 'whether at least one value is not empty', [], any, (_, values) => values.some(isTrue)),
  fixed(
    'ternary',
    'the first value if the third is true, or else the second',
    [any, any, bool],
    ([yes, no, test]) => (test ? yes : no),
  ),
  fixed(
    'required',
    'the second value; if it is empty, the template fails with the first',
    [string, any],
    required,
  ),
  fixed('fail', 'makes the template fail with a message', [string], ([message], context) =>
    context.fail(message),
  ),
  fixed('kindOf', 'kind of the value: string, int, float64, bool, slice, map or invalid', [any], ([value]) =>
    kindOf(value),
  ),
  fixed(
    'kindIs',
    'whether the value is of that kind',
    [string, any],
    ([kind, value]) => kindOf(value) === kind,
  ),
  fixed('typeOf', 'type of the value, with its name in Go', [any], ([value]) => typeOf(value)),
  fixed(
    'typeIs',
    'whether the value is of that type',
    [string, any],
    ([type, value]) => typeOf(value) === type,
  ),
];

function required([message, value]: [string, Value], context: { fail(message: string): never }): Value {
  return kindOf(value) === 'invalid' || value === '' ? context.fail(message) : value;
}
