/** How an upload stands (distribution-spec 1.1, "Pushing blobs"). All sizes are in bytes. */
export interface UploadState {
  readonly size: number;
  /** What the registry has of it. */
  readonly offset: number;
  /** What is sent with one request at most. */
  readonly chunk: number;
  /** What the registry wants with one request at least (`OCI-Chunk-Min-Length`), but with the last. */
  readonly minimum: number;
}

/** The next request of an upload. */
export type UploadStep =
  /** All in one `PUT`. */
  | { readonly kind: 'whole' }
  /** A `PATCH` from `start` to before `end`. */
  | { readonly kind: 'chunk'; readonly start: number; readonly end: number }
  /** The `PUT` that names the digest, without content. */
  | { readonly kind: 'finish' };

const MIB = 1024 * 1024;
/** Sent with one request. Proxies that take a request whole before they hand it on lose no more than this. */
export const CHUNK = 32 * MIB;
/** No chunk is made smaller than this for a registry that finds requests too large. */
const SMALLEST = MIB / 4;

/** What to send next. What fits into one request goes whole, which every registry knows. */
export function nextStep({ size, offset, chunk, minimum }: UploadState): UploadStep {
  const length = Math.max(chunk, minimum, 1);
  if (offset === 0 && size <= length) return { kind: 'whole' };
  if (offset >= size) return { kind: 'finish' };
  return { kind: 'chunk', start: offset, end: Math.min(size, offset + length) };
}

/**
 * What a registry has of an upload, by its `Range: 0-LAST`. It cannot say that it has nothing: `0-0` is taken for that,
 * because no chunk is of one byte.
 * @param sent how much it has ever been sent
 * @param otherwise what it has when it does not say
 * @returns `undefined` when what it says cannot be
 */
export function keptBytes(range: string | null, sent: number, otherwise: number): number | undefined {
  if (range === null || range.trim() === '') return otherwise;
  const last = /^\s*(?:bytes[=\s])?0-(\d+)\s*$/.exec(range)?.[1];
  if (last === undefined) return undefined;
  const kept = last === '0' ? 0 : Number(last) + 1;
  return kept <= sent ? kept : undefined;
}

/** The chunk to try after a request was too large (HTTP 413); `undefined` when there is no smaller one. */
export function smallerChunk(chunk: number, size: number): number | undefined {
  const smaller = Math.floor(Math.min(chunk, size) / 4);
  return smaller < SMALLEST ? undefined : smaller;
}
