/** Returns a quantile of file sizes in lines: 0.5 is the median. */
export function quantile(sizes: readonly number[], share: number): number {
  const sorted = [...sizes].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

/** Counts the lines of a text, including an unterminated last line. */
export const countLines = (text: string) => text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
