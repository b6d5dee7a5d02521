import type { z } from 'zod';
import { expectedKinds, type Located, listed, TRUTH, unquoted } from './issue-words.ts';

type Path = readonly PropertyKey[];

/** Data with a problem repaired or left out, so that further problems show. */
export interface Repaired {
  readonly data: unknown;
  /** Paths whose values were left out: what is said about them afterwards is not a problem of the person's data. */
  readonly left: readonly Path[];
}

/**
 * Replaces the value of an issue with what was probably meant, such as a list for a text, or else leaves it out. A schema
 * does not look behind a wrong value; with this, a second round does.
 */
export function repairData(data: unknown, { path, issue }: Located): Repaired {
  if (issue.code === 'unrecognized_keys') {
    const paths = issue.keys.map((key) => [...path, key]);
    return { data: paths.reduce(without, data), left: paths };
  }
  const meant = meantValue(issue);
  return meant === undefined
    ? { data: without(data, path), left: [path] }
    : { data: replaced(data, path, () => meant), left: [] };
}

function meantValue(issue: z.core.$ZodIssue): unknown {
  const kinds = expectedKinds(issue);
  const { input } = issue;
  if (kinds.includes('string')) {
    return typeof input === 'number' || typeof input === 'boolean' ? String(input) : unquoted(input);
  }
  if (typeof input !== 'string') return undefined;
  if (kinds.includes('array')) return listed(input);
  if (kinds.includes('boolean')) return TRUTH[input.toLowerCase()];
  const isNumber = kinds.some((kind) => kind === 'number' || kind === 'int');
  return isNumber && input.trim() !== '' && Number.isFinite(Number(input)) ? Number(input) : undefined;
}

function without(data: unknown, path: Path): unknown {
  return replaced(data, path, () => undefined);
}

/** A copy with the value at a path changed; the data itself where it has no such path. */
function replaced(data: unknown, [key, ...rest]: Path, change: () => unknown): unknown {
  if (key === undefined) return change();
  if (typeof data !== 'object' || data === null || !Object.hasOwn(data, key)) return data;
  const inner = replaced((data as Record<PropertyKey, unknown>)[key], rest, change);
  if (Array.isArray(data)) {
    // An entry that is left out keeps its place, or the paths of the others would change.
    return inner === undefined ? data : data.with(Number(key), inner);
  }
  const others = Object.entries(data).filter(([name]) => name !== String(key));
  return Object.fromEntries(inner === undefined ? others : [...others, [key, inner]]);
}
