import type { z } from 'zod';
import { FactoryError } from '../errors/factory-error.ts';
import { didYouMean } from './suggest.ts';

type Issue = z.core.$ZodIssue;

/** The page of the documentation on each kind of document. */
const PAGES = {
  configuration: 'configuration',
  flavor: 'flavors',
  'trust policy': 'trust',
  'signing policy': 'signing',
  'lock file': 'bases',
  model: 'models',
} as const;

/**
 * Validates `data`, naming for every problem the place that `locate` gives for its path.
 * @param what the kind of document, for the message
 * @throws FactoryError `usage` with one detail line per further problem
 */
export function validate<S extends z.ZodType>(
  schema: S,
  data: unknown,
  what: keyof typeof PAGES,
  locate: (path: readonly PropertyKey[]) => string,
): z.output<S> {
  const result = schema.safeParse(data, { reportInput: true });
  if (result.success) return result.data;
  const [first, ...others] = result.error.issues.flatMap((issue) => explain(schema, issue, locate));
  throw new FactoryError('CONFIG_INVALID', first ?? `invalid ${what}`, {
    details: others,
    remedy: `Correct the ${what}; docs/${PAGES[what]}.md lists every key.`,
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

/** The keys that an object of the schema may have at `path`. */
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
    // Arrays have `unwrap` too, and it would skip a level.
    if (current?.unwrap && !('element' in current)) current = current.unwrap() as typeof current;
    // What a short form is turned into before it is checked.
    else if (current && 'out' in current) current = current.out as typeof current;
    else break;
  }
  return current ?? {};
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
