import { closest, distance } from 'fastest-levenshtein';

/**
 * A question that points from a mistyped word to the nearest known one.
 * @returns ` (did you mean "…"?)`, or `''` when nothing is near
 */
export function didYouMean(word: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const nearest = closest(word, known);
  return distance(word, nearest) <= Math.max(2, Math.floor(nearest.length / 3))
    ? ` (did you mean "${nearest}"?)`
    : '';
}
