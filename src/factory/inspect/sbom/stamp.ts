import { uuidFromSeed } from '../../../common/contract/uuid.ts';

/** The identifier of a document: of what it says, so that the same content has the same one. */
export function documentUuid(format: string, content: unknown): string {
  return uuidFromSeed(`${format} ${JSON.stringify(content)}`);
}

/** RFC 3339 in UTC, to the second. @param epoch seconds since 1970 */
export function isoTime(epoch: number): string {
  return new Date(epoch * 1000).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
