import semver from 'semver';
import { type FunctionContext, fixed, type TemplateFunction, variadic } from '../function.ts';
import { any, string } from '../param.ts';
import { compareText, isDict, isList, kindOf, typeOf, type Value } from '../value.ts';

/** Comparisons (Go text/template, "Functions"; Sprig, "Semantic Version Functions"). */
export const COMPARISON_FUNCTIONS: readonly TemplateFunction[] = [
  variadic('eq', 'whether the first value equals one of the others', [any], any, equalsAny, 1),
  fixed('ne', 'whether two values differ', [any, any], ([a, b], context) => !equals(a, b, context)),
  fixed(
    'lt',
    'whether the first is less than the second',
    [any, any],
    ([a, b], context) => order(a, b, context) < 0,
  ),
  fixed(
    'le',
    'whether the first is at most the second',
    [any, any],
    ([a, b], context) => order(a, b, context) <= 0,
  ),
  fixed(
    'gt',
    'whether the first is more than the second',
    [any, any],
    ([a, b], context) => order(a, b, context) > 0,
  ),
  fixed(
    'ge',
    'whether the first is at least the second',
    [any, any],
    ([a, b], context) => order(a, b, context) >= 0,
  ),
  fixed('semverCompare', 'whether a version is in a range such as ">=1.2, <2"', [string, string], inRange),
];

function equalsAny([first]: [Value], others: readonly Value[], context: FunctionContext): boolean {
  return others.some((other) => equals(first, other, context));
}

/** Nil equals only nil; comparing values of different kinds is an error. */
function equals(a: Value, b: Value, { fail }: FunctionContext): boolean {
  const left = kindOf(a);
  const right = kindOf(b);
  if (isCollection(a) || isCollection(b)) {
    if (left === 'invalid' || right === 'invalid') return false;
    return fail(`cannot compare values of type ${typeOf(a)} and ${typeOf(b)}`);
  }
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  if (left !== 'invalid' && right !== 'invalid' && typeof a !== typeof b) {
    return fail(`incompatible types for comparison: ${typeOf(a)} and ${typeOf(b)}`);
  }
  return (a ?? null) === (b ?? null);
}

function isCollection(value: Value): boolean {
  return isList(value) || isDict(value);
}

function order(a: Value, b: Value, { fail }: FunctionContext): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  return fail(`cannot order values of type ${typeOf(a)} and ${typeOf(b)}`);
}

/** Go's ranges separate conditions by commas, npm's by spaces. */
function inRange([range, version]: [string, string], { fail }: FunctionContext): boolean {
  const parsed =
    semver.parse(version, { loose: true }) ?? semver.coerce(version, { includePrerelease: true });
  if (!parsed) return fail(`"${version}" is not a version`);
  const valid = semver.validRange(range.replaceAll(',', ' '), { loose: true });
  if (valid === null) return fail(`"${range}" is not a version range`);
  if (!range.includes('!=')) return semver.satisfies(parsed, valid);
  return fail('!= is not supported in a version range');
}
