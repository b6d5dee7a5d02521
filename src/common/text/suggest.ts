import { closest, distance } from 'fastest-levenshtein';

/**
 * Suggests a known word for a mistyped one.
 * @returns ` (did you mean "…"?)`, or `''` when no known word is similar
 */
export function didYouMean(word: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const nearest = closest(word, known);
  return distance(word, nearest) <= Math.max(2, Math.floor(nearest.length / 3))
    ? ` (did you mean "${nearest}"?)`
    : '';
}
