import { type GoMatch, type GoPattern, goPattern } from '../../go-pattern.ts';
import { type FunctionContext, fixed, type TemplateFunction } from '../function.ts';
import { int, string } from '../param.ts';

/** Sprig, "Regular Expression Functions". */
export const PATTERN_FUNCTIONS: readonly TemplateFunction[] = [
  fixed(
    'regexMatch',
    'whether the expression matches in the text',
    [string, string],
    ([source, value], context) => compiled(source, context).test(value),
  ),
  fixed(
    'regexFind',
    'first match of the expression in the text',
    [string, string],
    ([source, value], context) => compiled(source, context).matches(value).next().value?.text ?? '',
  ),
  fixed(
    'regexFindAll',
    'list of the matches in the text, at most that many',
    [string, string, int],
    ([source, value, count], context) => {
      const found = Array.from(compiled(source, context).matches(value), ({ text }) => text);
      return count < 0 ? found : found.slice(0, count);
    },
  ),
  fixed(
    'regexReplaceAll',
    'the text with its matches replaced; ${1} refers to a group',
    [string, string, string],
    ([source, value, to], context) =>
      replaceAll(value, { source, replacement: (match) => expand(to, match) }, context),
  ),
  fixed(
    'regexReplaceAllLiteral',
    'the text with its matches replaced by the third text literally',
    [string, string, string],
    ([source, value, to], context) => replaceAll(value, { source, replacement: () => to }, context),
  ),
  fixed(
    'regexSplit',
    'list of the parts between the matches, at most that many',
    [string, string, int],
    ([source, value, count], context) => splitBy(compiled(source, context), value, count),
  ),
  fixed('regexQuoteMeta', 'the text as an expression that matches it literally', [string], ([value]) =>
    value.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&'),
  ),
];

function compiled(source: string, { fail }: FunctionContext): GoPattern {
  return goPattern(source, (problem) => fail(problem));
}

interface Replacement {
  /** The expression. */
  readonly source: string;
  readonly replacement: (match: GoMatch) => string;
}

function replaceAll(value: string, { source, replacement }: Replacement, context: FunctionContext): string {
  const parts: string[] = [];
  let size = value.length;
  let offset = 0;
  for (const match of compiled(source, context).matches(value)) {
    const text = replacement(match);
    size += text.length;
    context.grow(size);
    parts.push(value.slice(offset, match.index), text);
    offset = match.index + match.text.length;
  }
  return parts.join('') + value.slice(offset);
}

/** Expands Go's `$1`, `${1}` and `${name}`: a name is as long as possible, and an undefined group is empty. */
function expand(to: string, match: GoMatch): string {
  return to.replace(/\$(?:\$|(\w+)|\{(\w+)\})/g, (_, short?: string, long?: string) => {
    const name = short ?? long;
    if (name === undefined) return '$';
    return match.group(name) ?? '';
  });
}

function splitBy(pattern: GoPattern, value: string, count: number): string[] {
  if (count === 0) return [];
  const parts: string[] = [];
  let offset = 0;
  for (const match of pattern.matches(value)) {
    if (count > 0 && parts.length === count - 1) break;
    const end = match.index + match.text.length;
    if (end === 0) continue;
    parts.push(value.slice(offset, match.index));
    offset = end;
  }
  return [...parts, value.slice(offset)];
}
