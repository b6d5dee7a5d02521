/** Nanoseconds by unit (Go time, `ParseDuration`). */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gy;

/** The nanoseconds of a duration such as `-1h15m30.5s`; `undefined` for other text. */
export function parseDuration(text: string): number | undefined {
  const digits = text.replace(/^[+-]/, '');
  if (digits === '0') return 0;
  const parts = [...digits.matchAll(PART)];
  if (digits === '' || parts.map(([part]) => part).join('') !== digits) return undefined;
  const size = parts.reduce(
    (sum, [, amount = '', unit = '']) => sum + Number(amount) * (UNITS[unit] ?? 0),
    0,
  );
  return text.startsWith('-') ? -size : size;
}

/** A duration in whole seconds, given in nanoseconds, as Go prints it: `1h2m3s`. */
export function durationText(nanoseconds: number): string {
  const total = Math.abs(Math.trunc(nanoseconds / 1e9));
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const sign = nanoseconds < 0 && total > 0 ? '-' : '';
  return `${sign}${hours > 0 ? `${hours}h` : ''}${total >= 60 ? `${minutes}m` : ''}${seconds}s`;
}
