import { type FunctionContext, fixed, type TemplateFunction, variadic } from '../function.ts';
import { any, int, string, text } from '../param.ts';
import { quote } from '../printf.ts';

/** Sprig, "String Functions". */
export const TEXT_FUNCTIONS: readonly TemplateFunction[] = [
  fixed('upper', 'the text in upper case', [string], ([value]) => value.toUpperCase()),
  fixed('lower', 'the text in lower case', [string], ([value]) => value.toLowerCase()),
  fixed('title', 'the text with the first letter of each word in upper case', [string], ([value]) =>
    value.replace(/(?<![\p{L}\p{N}_])\p{L}/gu, (letter) => letter.toUpperCase()),
  ),
  fixed('untitle', 'the text with the first letter of each word in lower case', [string], ([value]) =>
    value.replace(/(?<!\S)\p{L}/gu, (letter) => letter.toLowerCase()),
  ),
  fixed('trim', 'the text without leading and trailing white space', [string], ([value]) => value.trim()),
  fixed(
    'trimAll',
    'the second text without leading and trailing characters of the first',
    [string, string],
    ([set, value]) => stripped(value, set),
  ),
  fixed(
    'trimPrefix',
    'the second text without the first at its start',
    [string, string],
    ([prefix, value]) => (value.startsWith(prefix) ? value.slice(prefix.length) : value),
  ),
  fixed('trimSuffix', 'the second text without the first at its end', [string, string], ([suffix, value]) =>
    suffix !== '' && value.endsWith(suffix) ? value.slice(0, -suffix.length) : value,
  ),
  fixed(
    'replace',
    'the third text with the first replaced by the second',
    [string, string, string],
    replaced,
  ),
  fixed('contains', 'whether the second text contains the first', [string, string], ([part, value]) =>
    value.includes(part),
  ),
  fixed('hasPrefix', 'whether the second text starts with the first', [string, string], ([prefix, value]) =>
    value.startsWith(prefix),
  ),
  fixed('hasSuffix', 'whether the second text ends with the first', [string, string], ([suffix, value]) =>
    value.endsWith(suffix),
  ),
  fixed('repeat', 'the text that many times', [int, string], ([count, value], context) => {
    if (count < 0) return context.fail('cannot repeat text fewer than 0 times');
    context.grow(count * value.length);
    return value.repeat(count);
  }),
  fixed(
    'substr',
    'characters of the text from one position up to another',
    [int, int, string],
    ([start, end, value]) => {
      const characters = [...value];
      if (start < 0) return characters.slice(0, Math.max(0, end)).join('');
      return characters.slice(start, end < 0 ? undefined : end).join('');
    },
  ),
  fixed(
    'trunc',
    'the first characters of the text, or the last for a negative number',
    [int, string],
    truncated,
  ),
  fixed('nospace', 'the text without white space', [string], ([value]) => value.replace(/\s/gu, '')),
  fixed(
    'indent',
    'the text with that many spaces before each line',
    [int, string],
    ([width, value], context) => indented(width, value, context),
  ),
  fixed(
    'nindent',
    'the same as indent, after a new line',
    [int, string],
    ([width, value], context) => `\n${indented(width, value, context)}`,
  ),
  variadic('quote', 'the values in double quotes', [], any, (_, values, context) =>
    present(values)
      .map((value) => quote(text(value, context)))
      .join(' '),
  ),
  variadic('squote', 'the values in single quotes', [], any, (_, values, context) =>
    present(values)
      .map((value) => `'${text(value, context)}'`)
      .join(' '),
  ),
  variadic('cat', 'the values joined with spaces', [], any, (_, values, context) =>
    present(values)
      .map((value) => text(value, context))
      .join(' '),
  ),
];

function present<T>(values: readonly (T | null | undefined)[]): T[] {
  return values.filter((value) => value !== null && value !== undefined);
}

function stripped(value: string, set: string): string {
  const characters = [...value];
  let start = 0;
  let end = characters.length;
  while (start < end && set.includes(characters[start] ?? '')) start++;
  while (end > start && set.includes(characters[end - 1] ?? '')) end--;
  return characters.slice(start, end).join('');
}

function replaced([from, to, value]: [string, string, string], { grow }: FunctionContext): string {
  const parts = value.split(from);
  grow(value.length + parts.length * to.length);
  // For an empty pattern, Go inserts the replacement around every character.
  return from === '' ? [to, ...[...value].flatMap((character) => [character, to])].join('') : parts.join(to);
}

function truncated([count, value]: [number, string]): string {
  const characters = [...value];
  if (count >= 0) return characters.slice(0, count).join('');
  return characters.slice(Math.max(0, characters.length + count)).join('');
}

function indented(width: number, value: string, { grow, fail }: FunctionContext): string {
  if (width < 0) return fail('cannot indent by less than 0');
  const lines = value.split('\n');
  grow(value.length + lines.length * width);
  const space = ' '.repeat(width);
  return space + lines.join(`\n${space}`);
}
