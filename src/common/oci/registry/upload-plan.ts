/**
 * How content is divided into requests. Registries differ in what they support: all of them take one of these forms.
 * `chunks`: requests of limited size. `whole`: one `PUT`. `stream`: one `PATCH` and an empty `PUT`.
 */
export type UploadForm = 'chunks' | 'whole' | 'stream';

/** The state of an upload (distribution-spec 1.1, "Pushing blobs"). All sizes are in bytes. */
export interface UploadState {
  readonly size: number;
  /** Size that the registry has received. */
  readonly offset: number;
  /** Maximum size of a request. */
  readonly chunk: number;
  /** The registry's minimum for all requests but the last (`OCI-Chunk-Min-Length`). */
  readonly minimum: number;
  readonly form: UploadForm;
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

/** Returns the next request. Content that fits into one request is sent whole, which most registries support. */
export function nextStep({ size, offset, chunk, minimum, form }: UploadState): UploadStep {
  const length = form === 'chunks' ? Math.max(chunk, minimum, 1) : size;
  if (offset === 0 && size <= length && form !== 'stream') return { kind: 'whole' };
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

/**
 * Returns the offset after a chunk that a registry has accepted. Some registries report a range that does not contain the
 * chunk although they have stored it (aws/containers-roadmap#2831, regclient/regclient#627); the digest at the end of the
 * upload shows whether they have.
 * @param kept the size that the registry reports
 */
export function offsetAfter(
  { start, end }: { readonly start: number; readonly end: number },
  kept: number,
): number {
  return kept > start ? kept : end;
}

/** Statuses with which registries refuse the first chunk because they do not support chunks, or not of this size. */
const CHUNKS_REFUSED = [400, 405, 411, 415, 416];

/** A request that a registry has refused. */
export interface RefusedStep {
  readonly status: number;
  readonly form: UploadForm;
  /** Whether the content is larger than a chunk. */
  readonly isDivided: boolean;
  /** Whether the registry had accepted nothing of this upload. */
  readonly isFirst: boolean;
  /** Whether the upload went on at an offset that the registry had reported after a failure. */
  readonly hasResumed: boolean;
}

/** Returns the form to try after a refusal; `undefined` when the form is not the reason. */
export function otherForm({
  status,
  form,
  isDivided,
  isFirst,
  hasResumed,
}: RefusedStep): UploadForm | undefined {
  if (form === 'chunks' && isDivided) {
    if (isFirst) return CHUNKS_REFUSED.includes(status) ? 'whole' : undefined;
    // The registry has lost count of the chunks: 400 is the answer to the digest. After the first 416, it is asked.
    return (status === 400 && !hasResumed) || (status === 416 && hasResumed) ? 'whole' : undefined;
  }
  return form !== 'stream' && status === 404 ? 'stream' : undefined;
}

/** Returns the chunk size to try after HTTP 413; `undefined` when there is no smaller one. */
export function smallerChunk(chunk: number, size: number): number | undefined {
  const smaller = Math.floor(Math.min(chunk, size) / 4);
  return smaller < SMALLEST ? undefined : smaller;
}
