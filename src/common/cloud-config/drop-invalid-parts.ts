import type { ConfigData, ConfigDocument } from './parse.ts';
import { type Problem, problemsOf } from './problems.ts';
import { withoutNulls } from './schema.ts';
import { StagePart } from './stages.ts';
import { PLUGIN_KEYS, type PluginKey } from './step-schema.ts';

/** A document whose step-making parts follow the schema, and the problems that were removed from it. */
export interface CheckedDocument {
  readonly document: ConfigDocument;
  /** One line per problem, with `file:line:column`. */
  readonly problems: readonly string[];
}

type Path = readonly PropertyKey[];

/**
 * Removes the parts of a document that a node cannot use and keeps the rest: a mistake in one entry must not disable the
 * other entries, steps or accounts. Validation, in contrast, reports all of these as errors.
 */
export function dropInvalidParts(document: ConfigDocument): CheckedDocument {
  const data = structuredClone(withoutNulls(document.data)) as ConfigData;
  const problems: string[] = [];
  // Each iteration removes values, so the loop terminates.
  for (let found = problemsOf(StagePart, data); found.length > 0; found = problemsOf(StagePart, data)) {
    const units = new Map(found.map((problem) => [unitOf(problem.path).map(String).join('.'), problem]));
    for (const [unit, { path, message }] of units)
      problems.push(`${document.locate(path)}: ${message}; left out: ${unit}`);
    // From the end, so that the positions of the others stay valid.
    for (const { path } of [...units.values()].sort(later)) drop(data, unitOf(path));
  }
  return { document: { ...document, data }, problems };
}

/** Orders by descending position in lists. */
function later({ path: a }: Problem, { path: b }: Problem): number {
  const at = a.findIndex((step, index) => step !== b[index]);
  const [left, right] = [a[at], b[at]];
  return typeof left === 'number' && typeof right === 'number' ? right - left : 0;
}

/** Actions with entries that do not depend on each other: a wrong one costs nothing but itself. */
const INDEPENDENT: readonly PluginKey[] = [
  'downloads',
  'ensure_entities',
  'directories',
  'files',
  'commands',
  'delete_entities',
  'sysctl',
  'users',
  'authorized_keys',
  'modules',
  'timesyncd',
  'environment',
  'package_pins',
  'unpack_images',
];
/** Actions whose entries have parts that do not depend on each other either: fields of an account, keys. */
const DIVISIBLE: readonly PluginKey[] = ['users', 'authorized_keys'];

/**
 * The smallest part to remove so that the rest stays meaningful: an entry of an action, an action, a field of an account. A
 * wrong condition takes its step: nobody knows whether the step was to run.
 */
function unitOf(path: Path): Path {
  const [top, second] = path;
  if (top === 'stages') return path.slice(0, depthInStep(path));
  if (top === 'users' && path.length > 2) return path.slice(0, 3);
  return typeof second === 'number' || top === 'users' ? path.slice(0, 2) : path.slice(0, 1);
}

function depthInStep([, , , action, ...below]: Path): number {
  const key = PLUGIN_KEYS.find((known) => known === action);
  if (key === undefined) return 3;
  if (!INDEPENDENT.includes(key) || below.length === 0) return 4;
  return DIVISIBLE.includes(key) && below.length > 1 ? 6 : 5;
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
