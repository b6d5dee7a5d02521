import { z } from 'zod';
import { didYouMean } from '../text/suggest.ts';

/** A problem with the value at a path. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'true or false',
  number: 'a number',
  int: 'a whole number',
  array: 'a list',
  object: 'a map',
  record: 'a map',
};
/** Characters of a value that a message quotes at most. */
const EXCERPT = 40;

/**
 * Finds the values in `data` that do not match a schema of the dialect. Text with a template expression is accepted for
 * every type, because only the node can expand it (docs/contract.md 4.8).
 */
export function problemsOf(schema: z.ZodType, data: unknown): Problem[] {
  const result = schema.safeParse(data, { reportInput: true });
  return result.success ? [] : result.error.issues.flatMap((issue) => explain(issue, []));
}

/** Finds keys that the schema does not define; the message suggests the closest known key. */
export function unknownKeys(schema: unknown, data: unknown, path: readonly PropertyKey[] = []): Problem[] {
  if (schema instanceof z.ZodOptional) return unknownKeys(schema.unwrap(), data, path);
  if (schema instanceof z.ZodUnion) {
    // The options differ in type; those of another type than the value find nothing.
    return schema.options.flatMap((option) => unknownKeys(option, data, path));
  }
  if (Array.isArray(data)) {
    if (!(schema instanceof z.ZodArray)) return [];
    return data.flatMap((item, index) => unknownKeys(schema.element, item, [...path, index]));
  }
  if (typeof data !== 'object' || data === null) return [];
  if (schema instanceof z.ZodRecord) {
    return Object.entries(data).flatMap(([key, value]) =>
      unknownKeys(schema.valueType, value, [...path, key]),
    );
  }
  if (!(schema instanceof z.ZodObject)) return [];
  const shape: Readonly<Record<string, unknown>> = schema.shape;
  const known = Object.keys(shape);
  return Object.entries(data).flatMap(([key, value]) =>
    Object.hasOwn(shape, key)
      ? unknownKeys(shape[key], value, [...path, key])
      : [{ path: [...path, key], message: `unknown key "${key}"${didYouMean(key, known)}` }],
  );
}

/** A path in dotted notation: `users.0.name`. */
export function nameOf(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'the configuration' : path.map(String).join('.');
}

function explain(issue: Issue, prefix: readonly PropertyKey[]): Problem[] {
  if (typeof issue.input === 'string' && issue.input.includes('{{')) return [];
  const path = [...prefix, ...issue.path];
  if (issue.code === 'invalid_union') {
    const branch = issue.errors.find((issues) => !issues.some(isTypeMismatch));
    if (branch) return branch.flatMap((inner) => explain(inner, path));
  }
  return [{ path, message: sentence(issue, nameOf(path)) }];
}

/** Whether the value is of another type than this branch of a union. */
function isTypeMismatch(issue: Issue): boolean {
  return issue.code === 'invalid_type' && issue.path.length === 0;
}

function sentence(issue: Issue, name: string): string {
  if (issue.code === 'invalid_type' || issue.code === 'invalid_union') {
    if (issue.input === undefined) return `${name} is missing`;
    const kinds = expectedKinds(issue);
    const hint = kinds.includes('string') && isPlainScalar(issue.input) ? '; put it in quotes' : '';
    const expected = [...new Set(kinds.map((kind) => EXPECTED[kind] ?? kind))].join(' or ');
    return `${name}: expected ${expected}, found ${excerpt(issue.input)}${hint}`;
  }
  if (issue.code === 'invalid_value') {
    const known = issue.values.map(String);
    return `${name}: ${excerpt(issue.input)} is none of ${known.join(', ')}${didYouMean(String(issue.input), known)}`;
  }
  const message = issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
  return issue.code === 'invalid_format'
    ? `${name}: ${excerpt(issue.input)} ${message}`
    : `${name}: ${message}`;
}

function expectedKinds(issue: Issue): string[] {
  if (issue.code === 'invalid_type') return [issue.expected];
  return issue.code === 'invalid_union' ? issue.errors.flat().flatMap(expectedKinds) : [];
}

function isPlainScalar(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'boolean';
}

function excerpt(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value === null) return 'nothing';
  if (typeof value === 'object') return 'a map';
  if (typeof value !== 'string') return String(value);
  return JSON.stringify(value.length > EXCERPT ? `${value.slice(0, EXCERPT)}…` : value);
}
