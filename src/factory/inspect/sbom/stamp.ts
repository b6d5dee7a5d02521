import { uuidFromSeed } from '../../../common/contract/uuid.ts';

/** Derives the identifier of a document from its content, so that the same content has the same identifier. */
export function documentUuid(format: string, content: unknown): string {
  return uuidFromSeed(`${format} ${JSON.stringify(content)}`);
}

/** Formats a time as RFC 3339 in UTC, to the second. @param epoch Unix timestamp in seconds */
export function isoTime(epoch: number): string {
  return new Date(epoch * 1000).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
