import type { ConfigData } from './parse.ts';
import { nameOf, type Problem } from './problems.ts';
import { UNSUPPORTED_KEYS, type UnsupportedKey } from './unsupported-keys.ts';

/** An unsupported key that a configuration sets. */
export interface UnsupportedUse extends Problem {
  readonly entry: UnsupportedKey;
}

/**
 * Finds the unsupported keys that a configuration sets. Falsy and empty values (`false`, `0`, an empty text, list or map)
 * do not count: they mean the same as omitting the key.
 */
export function findUnsupported(data: ConfigData): UnsupportedUse[] {
  return UNSUPPORTED_KEYS.flatMap((entry) =>
    valuesAt(data, entry.path)
      .filter(({ value }) => requestsSomething(value) && (entry.when?.(value) ?? true))
      .map(({ path }) => ({ entry, path, message: describeUnsupported(nameOf(path), entry) })),
  );
}

/** Describes an unsupported key in one sentence; `name` is its path in the file. */
export function describeUnsupported(name: string, { reason, alternative }: UnsupportedKey): string {
  return `${name} is not supported: ${reason}; ${alternative}`;
}

interface Place {
  readonly path: readonly PropertyKey[];
  readonly value: unknown;
}

function valuesAt(data: unknown, pattern: readonly string[]): Place[] {
  let places: Place[] = [{ path: [], value: data }];
  for (const step of pattern) places = places.flatMap((place) => children(place, step));
  return places;
}

function children({ path, value }: Place, step: string): Place[] {
  if (step === '*') {
    return Array.isArray(value) ? value.map((item, index) => ({ path: [...path, index], value: item })) : [];
  }
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return [];
  return [{ path: [...path, step], value: (value as ConfigData)[step] }];
}

function requestsSomething(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(requestsSomething);
  return Boolean(value);
}
