/** Milliseconds that a server may ask for; more is cut down to this. */
const LIMIT = 120_000;

/**
 * Milliseconds that a `Retry-After` header asks for (RFC 9110, section 10.2.3): seconds, or a date.
 * @returns `undefined` when there is no header, or it is neither
 */
export function retryAfter(header: string | null, now: Date): number | undefined {
  if (header === null || header.trim() === '') return undefined;
  const wait = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now.getTime();
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), LIMIT);
}
