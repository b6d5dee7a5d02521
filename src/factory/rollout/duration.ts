import { z } from 'zod';

/** Seconds of each unit. */
const UNITS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600 };

/** Parses a duration such as `90s`, `10min` or `1h`. @returns seconds; `undefined` for another form */
export function parseDuration(text: string): number | undefined {
  const [, count, unit = ''] = /^([1-9]\d{0,5})\s*(s|min|h)$/.exec(text.trim()) ?? [];
  const factor = UNITS[unit];
  return count === undefined || factor === undefined ? undefined : Number(count) * factor;
}

/** The schema of a duration, in seconds afterwards: a number of seconds, or text with a unit. */
export function duration({ max }: { readonly max: number }) {
  return z.preprocess((value, context) => {
    if (typeof value !== 'string') return value;
    const seconds = parseDuration(value);
    if (seconds !== undefined) return seconds;
    context.addIssue('is not a duration: write, for example, 90s, 10min or 1h');
    return 1;
  }, z.int().min(1).max(max));
}
