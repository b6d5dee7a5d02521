/** The lines of the files at one share of a list that is sorted by size: 0.5 is the median. */
export function quantile(sizes: readonly number[], share: number): number {
  const sorted = [...sizes].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

/** Lines of a text; what follows the last newline counts when it is not empty. */
export const countLines = (text: string) => text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
