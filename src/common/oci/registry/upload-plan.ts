/** The state of an upload (distribution-spec 1.1, "Pushing blobs"). All sizes are in bytes. */
export interface UploadState {
  readonly size: number;
  /** Size that the registry has received. */
  readonly offset: number;
  /** Maximum size of a request. */
  readonly chunk: number;
  /** The registry's minimum for all requests but the last (`OCI-Chunk-Min-Length`). */
  readonly minimum: number;
}

/** The next request of an upload. */
export type UploadStep =
  /** One `PUT` with the whole content. */
  | { readonly kind: 'whole' }
  /** A `PATCH` from `start` to before `end`. */
  | { readonly kind: 'chunk'; readonly start: number; readonly end: number }
  /** The `PUT` that names the digest, without content. */
  | { readonly kind: 'finish' };

const MIB = 1024 * 1024;
/** Maximum size of a request. A failure loses no more than this in proxies that buffer whole requests. */
export const CHUNK = 32 * MIB;
/** Minimum chunk size for a registry that refuses requests as too large. */
const SMALLEST = MIB / 4;

/** Returns the next request. Content that fits into one request is sent whole, which every registry supports. */
export function nextStep({ size, offset, chunk, minimum }: UploadState): UploadStep {
  const length = Math.max(chunk, minimum, 1);
  if (offset === 0 && size <= length) return { kind: 'whole' };
  if (offset >= size) return { kind: 'finish' };
  return { kind: 'chunk', start: offset, end: Math.min(size, offset + length) };
}

/**
 * Returns the size that a registry has received, by its header `Range: 0-LAST`. The header cannot express that it has
 * nothing; `0-0` means that, because no chunk has one byte.
 * @param sent the maximum size sent so far
 * @param otherwise the size to assume without the header
 * @returns `undefined` for an invalid value
 */
export function keptBytes(range: string | null, sent: number, otherwise: number): number | undefined {
  if (range === null || range.trim() === '') return otherwise;
  const last = /^\s*(?:bytes[=\s])?0-(\d+)\s*$/.exec(range)?.[1];
  if (last === undefined) return undefined;
  const kept = last === '0' ? 0 : Number(last) + 1;
  return kept <= sent ? kept : undefined;
}

/** Returns the chunk size to try after HTTP 413; `undefined` when there is no smaller one. */
export function smallerChunk(chunk: number, size: number): number | undefined {
  const smaller = Math.floor(Math.min(chunk, size) / 4);
  return smaller < SMALLEST ? undefined : smaller;
}
