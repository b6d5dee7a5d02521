import type { z } from 'zod';
import { FactoryError } from '../errors/factory-error.ts';
import { describeIssue, type Located, plainIssues } from './issue-words.ts';
import { repairData } from './repair-data.ts';
import { didYouMean } from './suggest.ts';

/** The documentation page about each kind of document. */
const PAGES = {
  configuration: 'configuration',
  flavor: 'flavors',
  'trust policy': 'trust',
  'signing policy': 'signing',
  'lock file': 'bases',
  model: 'models',
  rollout: 'rollout',
} as const;

/** The document that data comes from, for messages. */
export interface ValidatedDocument {
  readonly kind: keyof typeof PAGES;
  /** Returns `file:line:column` of the value at a path, or another name of its source. */
  readonly locate: (path: readonly PropertyKey[]) => string;
}

/** How often data is repaired and read again: problems behind problems are rarely deeper. */
const ROUNDS = 4;

/** What the issue of a schema may carry as `params`: the code and the remedy of an error that it stands for. */
export type IssueParams = Pick<FactoryError, 'code' | 'remedy'>;

/**
 * Validates `data` against a schema.
 * @returns the parsed data
 * @throws FactoryError `usage` with the first problem, and one detail line per further problem, also for those that show only
 * when others are repaired
 */
export function validate<S extends z.ZodType>(
  schema: S,
  data: unknown,
  { kind, locate }: ValidatedDocument,
): z.output<S> {
  const result = schema.safeParse(data, { reportInput: true });
  if (result.success) return result.data;
  const issues = allIssues(schema, data, result.error);
  const [first, ...others] = inOrder(issues.flatMap((located) => explain(schema, located, locate)));
  const { code = 'CONFIG_INVALID', remedy } = issues.length === 1 ? paramsOf(issues[0]) : {};
  throw new FactoryError(code, first ?? `invalid ${kind}`, {
    details: others,
    remedy: remedy ?? `Correct the ${kind}; docs/${PAGES[kind]}.md describes every key.`,
  });
}

/** The issues of the data, and those that show when the others are repaired. One about the repaired value replaces the first. */
function allIssues(schema: z.ZodType, data: unknown, error: z.ZodError): Located[] {
  let found: Located[] = [];
  const left: (readonly PropertyKey[])[] = [];
  let repaired = data;
  let current: z.ZodError | undefined = error;
  for (let round = 0; current !== undefined && round < ROUNDS; round += 1) {
    const issues: Located[] = current.issues
      .flatMap((issue) => plainIssues(issue))
      .filter(isFirstCause)
      .filter(({ path }) => !left.some((gone) => concerns(path, gone)));
    const keys = new Set(issues.map(keyOf));
    found = [...found.filter((located) => !keys.has(keyOf(located))), ...issues];
    for (const located of issues) {
      const next = repairData(repaired, located);
      repaired = next.data;
      left.push(...next.left);
    }
    current = issues.length === 0 ? undefined : schema.safeParse(repaired, { reportInput: true }).error;
  }
  return found;
}

/** Sorts lines that begin with `file:line:column` by their place; others stay where they are. */
function inOrder(lines: readonly string[]): string[] {
  const place = (text: string) => /^.*?:(\d+):(\d+): /.exec(text)?.slice(1).map(Number) ?? [0, 0];
  return lines.toSorted((a, b) => {
    const [[line = 0, column = 0], [otherLine = 0, otherColumn = 0]] = [place(a), place(b)];
    return line - otherLine || column - otherColumn;
  });
}

/** Whether an issue may stand alone: a rule about a whole map says little when the map has unknown keys. */
function isFirstCause({ path, issue }: Located, _: number, all: readonly Located[]): boolean {
  if (issue.code !== 'custom') return true;
  const same = (other: Located) => JSON.stringify(other.path) === JSON.stringify(path);
  return !all.some((other) => other.issue.code === 'unrecognized_keys' && same(other));
}

/** Whether a path leads to a value that was left out, or to what contains it: its problem may come from leaving it out. */
function concerns(path: readonly PropertyKey[], gone: readonly PropertyKey[]): boolean {
  return gone.every((part, index) => index >= path.length || part === path[index]);
}

function keyOf({ path, issue }: Located): string {
  const keys = issue.code === 'unrecognized_keys' ? issue.keys : [];
  return JSON.stringify([...path.map(String), keys]);
}

function paramsOf(located: Located | undefined): Partial<IssueParams> {
  const { issue } = located ?? {};
  return issue?.code === 'custom' ? ((issue.params ?? {}) as Partial<IssueParams>) : {};
}

function explain(
  schema: z.ZodType,
  { path, issue }: Located,
  locate: (path: readonly PropertyKey[]) => string,
): string[] {
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, path);
    return issue.keys.map(
      (key) => `${locate([...path, key])}: unknown key "${key}"${didYouMean(key, known)}`,
    );
  }
  return [`${locate(path)}: ${describeIssue(issue, path.join('.'))}`];
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
