import type { TemplateFunction } from '../function.ts';

/** Functions that have a second name; here, each of them fails for what it cannot use. */
const MUST = [
  'append',
  'chunk',
  'compact',
  'deepCopy',
  'first',
  'has',
  'initial',
  'last',
  'merge',
  'mergeOverwrite',
  'prepend',
  'push',
  'regexFind',
  'regexFindAll',
  'regexMatch',
  'regexReplaceAll',
  'regexReplaceAllLiteral',
  'regexSplit',
  'rest',
  'reverse',
  'slice',
  'toJson',
  'toPrettyJson',
  'toRawJson',
  'uniq',
  'without',
];

/** Sprig's functions with `must` in their names, which fail where the others return an empty value. */
export function mustFunctions(functions: readonly TemplateFunction[]): TemplateFunction[] {
  return functions
    .filter(({ name }) => MUST.includes(name))
    .map(({ name, call }) => ({
      name: `must${name.charAt(0).toUpperCase()}${name.slice(1)}`,
      description: `the same as ${name}`,
      call,
    }));
}
