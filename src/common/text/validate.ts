import type { z } from 'zod';
import { FactoryError } from '../errors/factory-error.ts';
import { didYouMean } from './suggest.ts';

type Issue = z.core.$ZodIssue;

/** The documentation page about each kind of document. */
const PAGES = {
  configuration: 'configuration',
  flavor: 'flavors',
  'trust policy': 'trust',
  'signing policy': 'signing',
  'lock file': 'bases',
  model: 'models',
} as const;

/** The document that data comes from, for messages. */
export interface ValidatedDocument {
  readonly kind: keyof typeof PAGES;
  /** Returns `file:line:column` of the value at a path, or another name of its source. */
  readonly locate: (path: readonly PropertyKey[]) => string;
}

/**
 * Validates `data` against a schema.
 * @returns the parsed data
 * @throws FactoryError `usage` with the first problem, and one detail line per further problem
 */
export function validate<S extends z.ZodType>(
  schema: S,
  data: unknown,
  { kind, locate }: ValidatedDocument,
): z.output<S> {
  const result = schema.safeParse(data, { reportInput: true });
  if (result.success) return result.data;
  const [first, ...others] = result.error.issues.flatMap((issue) => explain(schema, issue, locate));
  throw new FactoryError('CONFIG_INVALID', first ?? `invalid ${kind}`, {
    details: others,
    remedy: `Correct the ${kind}; docs/${PAGES[kind]}.md describes every key.`,
  });
}

function explain(
  schema: z.ZodType,
  issue: Issue,
  locate: (path: readonly PropertyKey[]) => string,
): string[] {
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, issue.path);
    return issue.keys.map(
      (key) => `${locate([...issue.path, key])}: unknown key "${key}"${didYouMean(key, known)}`,
    );
  }
  const name = issue.path.join('.');
  if (issue.code === 'invalid_value' && typeof issue.input === 'string') {
    const known = issue.values.map(String);
    return [
      `${locate(issue.path)}: ${name}: "${issue.input}" is none of ${known.join(', ')}${didYouMean(issue.input, known)}`,
    ];
  }
  if ((issue.code === 'invalid_type' || issue.code === 'invalid_value') && issue.input === undefined)
    return [`${locate(issue.path)}: ${name} is missing`];
  return [`${locate(issue.path)}: ${name ? `${name}: ` : ''}${lowerFirst(issue.message)}`];
}

/** The keys that the schema allows in the object at `path`. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let current: unknown = schema;
  for (const step of path) current = child(current, step);
  return Object.keys((unwrap(current) as { shape?: object }).shape ?? {});
}

function child(schema: unknown, step: PropertyKey): unknown {
  const inner = unwrap(schema) as {
    shape?: Record<PropertyKey, unknown>;
    element?: unknown;
    valueType?: unknown;
  };
  return inner.shape?.[step] ?? inner.element ?? inner.valueType;
}

function unwrap(schema: unknown): unknown {
  let current = schema as { unwrap?: () => unknown } | undefined;
  for (;;) {
    // Arrays have `unwrap` too, which would skip a level.
    if (current?.unwrap && !('element' in current)) current = current.unwrap() as typeof current;
    // The output of a preprocessing step, which expands short forms.
    else if (current && 'out' in current) current = current.out as typeof current;
    else break;
  }
  return current ?? {};
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
