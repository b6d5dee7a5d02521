import type { CloudConfigDocument, ConfigData } from './parse.ts';
import { problemsOf } from './problems.ts';
import { withoutNulls } from './schema.ts';
import { StagePart } from './stages.ts';

/** A document whose step-making parts follow the schema, and the problems that were removed from it. */
export interface CheckedDocument {
  readonly document: CloudConfigDocument;
  /** One line per problem, with `file:line:column`. */
  readonly problems: readonly string[];
}

type Path = readonly PropertyKey[];

/**
 * Removes the parts of a document that a node cannot use and keeps the rest: a mistake in one step must not disable the
 * other steps or the accounts. A number or boolean where text is expected becomes text, as in Go's YAML. Validation, in
 * contrast, reports all of these as errors.
 */
export function dropInvalidParts(document: CloudConfigDocument): CheckedDocument {
  const data = structuredClone(withoutNulls(document.data)) as ConfigData;
  const problems: string[] = [];
  // Each iteration removes a value or changes its type, so the loop terminates.
  for (let found = problemsOf(StagePart, data)[0]; found; found = problemsOf(StagePart, data)[0]) {
    const { path, message, acceptsText } = found;
    const value = valueAt(data, path);
    if ((typeof value === 'number' || typeof value === 'boolean') && acceptsText) {
      put(data, path, String(value));
      if (problemsOf(StagePart, data)[0]?.path.join('\0') !== path.join('\0')) continue;
    }
    const dropped = unitOf(path);
    problems.push(`${document.locate(path)}: ${message}; left out: ${dropped.map(String).join('.')}`);
    drop(data, dropped);
  }
  return { document: { ...document, data }, problems };
}

/** The smallest part to remove so that the rest stays meaningful: a step, a list entry, a field of an account. */
function unitOf(path: Path): Path {
  const [top, second] = path;
  if (top === 'stages') return path.slice(0, Math.min(path.length, 3));
  if (top === 'users' && path.length > 2) return path.slice(0, 3);
  return typeof second === 'number' || top === 'users' ? path.slice(0, 2) : path.slice(0, 1);
}

type Container = Record<PropertyKey, unknown>;

function valueAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Container)[key]
        : undefined,
    data,
  );
}

function put(data: unknown, path: Path, value: unknown): void {
  const parent = valueAt(data, path.slice(0, -1)) as Container | undefined;
  const key = path.at(-1);
  if (parent && key !== undefined) parent[key] = value;
}

function drop(data: unknown, path: Path): void {
  const parent = valueAt(data, path.slice(0, -1));
  const key = path.at(-1);
  if (Array.isArray(parent) && typeof key === 'number') parent.splice(key, 1);
  else if (typeof parent === 'object' && parent !== null && key !== undefined) {
    // A missing field cannot be removed, so the value that lacks it is removed instead.
    if (Object.hasOwn(parent, key)) delete (parent as Container)[key];
    else drop(data, path.slice(0, -1));
  }
}
