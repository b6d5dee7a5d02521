import { z } from 'zod';
import { describeIssue, plainIssues } from '../text/issue-words.ts';
import { didYouMean } from '../text/suggest.ts';

/** A problem with the value at a path. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/**
 * Finds the values in `data` that do not match a schema of the dialect. Text with a template expression is accepted for
 * every type, because only the node can expand it (docs/contract.md 4.8).
 */
export function problemsOf(schema: z.ZodType, data: unknown): Problem[] {
  const result = schema.safeParse(data, { reportInput: true });
  return result.success ? [] : result.error.issues.flatMap(explain);
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

function explain(issue: z.core.$ZodIssue): Problem[] {
  return plainIssues(issue)
    .filter(({ issue: { input } }) => typeof input !== 'string' || !input.includes('{{'))
    .map(({ path, issue: inner }) => ({ path, message: describeIssue(inner, nameOf(path)) }));
}
