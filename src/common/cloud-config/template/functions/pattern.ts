import { goPattern } from '../../go-pattern.ts';
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
    ([source, value], context) => compiled(source, context).exec(value)?.[0] ?? '',
  ),
  fixed(
    'regexFindAll',
    'list of the matches in the text, at most that many',
    [string, string, int],
    ([source, value, count], context) => {
      const found = Array.from(value.matchAll(compiled(source, context, 'g')), ([match]) => match);
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
    ([source, value, count], context) => splitBy(compiled(source, context, 'g'), value, count),
  ),
  fixed('regexQuoteMeta', 'the text as an expression that matches it literally', [string], ([value]) =>
    value.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&'),
  ),
];

function compiled(source: string, { fail }: FunctionContext, flags = ''): RegExp {
  return goPattern(source, (problem) => fail(problem), flags);
}

interface Replacement {
  /** The expression. */
  readonly source: string;
  readonly replacement: (match: RegExpExecArray) => string;
}

function replaceAll(value: string, { source, replacement }: Replacement, context: FunctionContext): string {
  const parts: string[] = [];
  let size = value.length;
  let offset = 0;
  for (const match of value.matchAll(compiled(source, context, 'g'))) {
    const text = replacement(match);
    size += text.length;
    context.grow(size);
    parts.push(value.slice(offset, match.index), text);
    offset = match.index + match[0].length;
  }
  return parts.join('') + value.slice(offset);
}

/** Expands Go's `$1`, `${1}` and `${name}`: a name is as long as possible, and an undefined group is empty. */
function expand(to: string, match: RegExpExecArray): string {
  return to.replace(/\$(?:\$|(\w+)|\{(\w+)\})/g, (_, short?: string, long?: string) => {
    const name = short ?? long;
    if (name === undefined) return '$';
    const group = /^\d+$/.test(name) ? match[Number(name)] : match.groups?.[name];
    return group ?? '';
  });
}

function splitBy(pattern: RegExp, value: string, count: number): string[] {
  if (count === 0) return [];
  const parts: string[] = [];
  let offset = 0;
  for (const match of value.matchAll(pattern)) {
    if (count > 0 && parts.length === count - 1) break;
    const end = match.index + match[0].length;
    if (end === 0) continue;
    parts.push(value.slice(offset, match.index));
    offset = end;
  }
  return [...parts, value.slice(offset)];
}
