import type { ConfigData } from './parse.ts';
import { nameOf, type Problem } from './problems.ts';
import { UNSUPPORTED_KEYS, type UnsupportedKey } from './unsupported-keys.ts';

/** An unsupported key that a configuration sets. */
export interface UnsupportedUse extends Problem {
  readonly entry: UnsupportedKey;
}

/**
 * The unsupported keys that a configuration sets. A value that asks for nothing (`false`, `0`, an empty text, list or map)
 * does not count: leaving the key out means the same.
 */
export function findUnsupported(data: ConfigData): UnsupportedUse[] {
  return UNSUPPORTED_KEYS.flatMap((entry) =>
    valuesAt(data, entry.path)
      .filter(({ value }) => asksForSomething(value) && (entry.when?.(value) ?? true))
      .map(({ path }) => ({ entry, path, message: describeUnsupported(nameOf(path), entry) })),
  );
}

/** One sentence about an unsupported key under the name that it has in a file. */
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

function asksForSomething(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(asksForSomething);
  return Boolean(value);
}
