/** Maximum wait in milliseconds; longer ones are reduced to it. */
const LIMIT = 120_000;

/**
 * Returns the milliseconds to wait according to a `Retry-After` header, which holds seconds or a date (RFC 9110, section
 * 10.2.3).
 * @returns `undefined` without a valid header
 */
export function retryAfter(header: string | null, now: Date): number | undefined {
  if (header === null || header.trim() === '') return undefined;
  const wait = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now.getTime();
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), LIMIT);
}
