import { randomInt } from 'node:crypto';
import { type FunctionContext, fixed, type TemplateFunction } from '../function.ts';
import { int, string, texts } from '../param.ts';
import { pascalCase, separatedCase } from '../word-case.ts';

/** Sprig, "String Functions": words and lines. Text is measured in bytes, as in Go, but never cut inside of a character. */
export const WORD_FUNCTIONS: readonly TemplateFunction[] = [
  fixed('abbrev', 'the text shortened to that width, with an ellipsis', [int, string], ([width, value]) =>
    width < 4 ? value : abbreviated(value, 0, width),
  ),
  fixed(
    'abbrevboth',
    'the text from an offset on, shortened to that width, with an ellipsis on each side',
    [int, int, string],
    ([offset, width, value]) =>
      width < 4 || (offset > 0 && width < 7) ? value : abbreviated(value, offset, width),
  ),
  fixed('initials', 'first letter of each word', [string], ([value]) =>
    value
      .split(/\s+/u)
      .map(([first = '']) => first)
      .join(''),
  ),
  fixed('camelcase', 'the words of the text as HttpServer', [string], ([value]) => pascalCase(value)),
  fixed('kebabcase', 'the words of the text as http-server', [string], ([value]) =>
    separatedCase(value, '-'),
  ),
  fixed('snakecase', 'the words of the text as http_server', [string], ([value]) =>
    separatedCase(value, '_'),
  ),
  fixed('swapcase', 'the text with upper and lower case swapped', [string], ([value]) =>
    value.replace(/\p{L}/gu, (letter) =>
      /[\p{Lu}\p{Lt}]/u.test(letter) ? letter.toLowerCase() : letter.toUpperCase(),
    ),
  ),
  fixed(
    'plural',
    'the first text if the number is 1, or else the second',
    [string, string, int],
    ([one, many, count]) => (count === 1 ? one : many),
  ),
  fixed(
    'wrap',
    'the text in lines of that width, broken at spaces',
    [int, string],
    ([width, value], context) => wrapped(value, { width, separator: '\n', breaksWords: false }, context),
  ),
  fixed(
    'wrapWith',
    'the text in parts of that width, with a text between them; long words are broken',
    [int, string, string],
    ([width, separator, value], context) =>
      wrapped(value, { width, separator: separator || '\n', breaksWords: true }, context),
  ),
  fixed('shuffle', 'the characters of the text in random order', [string], ([value], { grow }) => {
    // A random number costs far more than a character.
    grow(value.length * 64);
    const left = [...value];
    return Array.from({ length: left.length }, () => left.splice(randomInt(left.length), 1)[0]).join('');
  }),
  fixed('toStrings', 'the items of the list as texts', [texts], ([items]) => items),
  fixed('trimall', 'the same as trimAll', [string, string], ([set, value]) => {
    const characters = [...value];
    const start = characters.findIndex((character) => !set.includes(character));
    const end = characters.findLastIndex((character) => !set.includes(character));
    return start < 0 ? '' : characters.slice(start, end + 1).join('');
  }),
  fixed('hello', 'Hello!', [], () => 'Hello!'),
];

const ELLIPSIS = '...';

/** github.com/Masterminds/goutils, `AbbreviateFull`. */
function abbreviated(value: string, from: number, width: number): string {
  const { length } = value;
  if (length <= width) return value;
  const offset = Math.min(from, length, length - (width - 3) > from ? length : length - (width - 3));
  if (offset <= 4) return value.slice(0, width - 3) + ELLIPSIS;
  if (offset + width - 3 < length) return ELLIPSIS + abbreviated(value.slice(offset), 0, width - 3);
  return ELLIPSIS + value.slice(length - (width - 3));
}

interface Wrapping {
  readonly width: number;
  readonly separator: string;
  readonly breaksWords: boolean;
}

/** github.com/Masterminds/goutils, `WrapCustom`. */
function wrapped(
  value: string,
  { width, separator, breaksWords }: Wrapping,
  { grow }: FunctionContext,
): string {
  const limit = Math.max(1, width);
  grow(value.length + Math.ceil(value.length / limit) * separator.length);
  const parts: string[] = [];
  let rest = value;
  while (rest.length > limit) {
    if (rest.startsWith(' ')) {
      rest = rest.slice(1);
      continue;
    }
    const space = rest.lastIndexOf(' ', limit);
    const next = space >= 0 || breaksWords ? space : rest.indexOf(' ', limit);
    if (next < 0 && !breaksWords) break;
    parts.push(rest.slice(0, next < 0 ? limit : next));
    rest = rest.slice(next < 0 ? limit : next + 1);
  }
  return [...parts, rest].join(separator);
}
