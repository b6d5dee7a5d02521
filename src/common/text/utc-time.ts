/** A time as RFC 3339 in UTC, without fractions. @param seconds Unix time */
export function utcTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
