import { FactoryError } from '../../errors/factory-error.ts';
import { within } from '../../http/abort.ts';
import { startIdleTimeout } from '../../http/idle-timeout.ts';
import { TransientHttpError } from '../../http/transient-error.ts';
import { expectStoredDigest, refused } from './registry-response.ts';
import type { Transport, TransportRequest } from './transport.ts';
import { keptBytes } from './upload-plan.ts';

/** The repository to upload to, and the timeout of its requests. */
export interface UploadTarget {
  readonly transport: Transport;
  /** `/v2/REPOSITORY` */
  readonly root: string;
  readonly registry: string;
  /** Milliseconds for a short response, and without progress. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

/** The blob, as identified in requests. */
interface Blob {
  readonly name: string;
  readonly digest: string;
  readonly size: number;
}

/** An upload session in the registry. */
export interface UploadSession {
  /** URL of the next request. */
  readonly location: string;
  readonly offset: number;
  readonly minimum: number;
}

/** A part of a blob, which may be empty, and the request that sends it. */
export interface UploadPart {
  readonly method: 'PATCH' | 'PUT';
  readonly location: string;
  readonly start: number;
  readonly end: number;
  readonly read: (start: number, end: number) => AsyncIterable<Uint8Array>;
  /** Called before a piece is sent. @param end where the piece ends */
  readonly onSending: (end: number) => void;
  /** Called after a piece was sent. @param end where the piece ends */
  readonly onSent: (end: number) => void;
}

/** Bytes per second that a registry hashes at least, before it responds to the last request. */
const DIGESTED_PER_SECOND = 16 * 1024 * 1024;
/** Timeout for cancelling an upload, in milliseconds. */
const CANCEL_TIMEOUT = 5_000;

/**
 * Whether the repository has a blob. A registry that refuses to say, because it, or the storage that it redirects to,
 * does not allow `HEAD`, counts as one that lacks it; a refusal that matters meets the upload as well.
 */
export async function hasBlob(target: UploadTarget, { name, digest }: Blob): Promise<boolean> {
  const path = `${target.root}/blobs/${digest}`;
  const response = await ask(target, path, { method: 'HEAD' }).then(
    (exchange) => exchange.response,
    undefinedWhenRefused,
  );
  await response?.body?.cancel();
  if (!response?.ok) return false;
  expectStoredDigest(name, digest, response);
  return true;
}

/**
 * Starts an upload (distribution-spec 1.1, "Pushing blobs").
 * @param mountFrom another repository of the registry; if it has the blob, the registry reuses it. A registry that refuses
 *   to do so, because the user may not read that repository, gets the blob
 * @throws FactoryError `step` when the registry refuses
 */
export async function startUpload(
  target: UploadTarget,
  blob: Blob,
  mountFrom: string | undefined,
): Promise<UploadSession | 'mounted'> {
  const { name, digest } = blob;
  const query = mountFrom === undefined ? '' : `?mount=${digest}&from=${encodeURIComponent(mountFrom)}`;
  const started = await ask(target, `${target.root}/blobs/uploads/${query}`, {
    method: 'POST',
    headers: { 'content-length': '0' },
  }).catch((error: unknown) => {
    if (mountFrom === undefined) throw error;
    return undefinedWhenRefused(error);
  });
  if (started === undefined) return startUpload(target, blob, undefined);
  const { response, location } = started;
  if (response.status === 201 && mountFrom !== undefined) {
    await response.body?.cancel();
    expectStoredDigest(name, digest, response);
    return 'mounted';
  }
  if (response.status !== 202) throw await refused(name, response, target);
  await response.body?.cancel();
  if (location === undefined) {
    throw new TransientHttpError(`${target.registry} starts an upload without a Location header`);
  }
  return { location, offset: 0, minimum: Number(response.headers.get('oci-chunk-min-length') ?? 0) || 0 };
}

/**
 * Asks the registry how much of an upload it has received.
 * @param sent the maximum size sent so far
 * @returns `undefined` when it has lost the upload, or its response is invalid
 */
export async function resumeUpload(
  target: UploadTarget,
  { location, offset: otherwise, minimum }: UploadSession,
  sent: number,
): Promise<UploadSession | undefined> {
  const { response, location: next } = await ask(target, location, { method: 'GET' });
  await response.body?.cancel();
  const offset = keptBytes(response.headers.get('range'), sent, otherwise);
  if (!response.ok || offset === undefined) return undefined;
  return { minimum, location: next ?? location, offset };
}

/** Sends a part of a blob. @returns the response and the URL of the next request */
export async function sendPart(
  { transport, timeout, signal }: UploadTarget,
  { size }: Blob,
  { method, location, start, end, read, onSending, onSent }: UploadPart,
) {
  const idle = startIdleTimeout(timeout, signal);
  const last = method === 'PUT' ? timeout + (size / DIGESTED_PER_SECOND) * 1000 : timeout;
  async function* body() {
    let at = start;
    for await (const piece of read(start, end)) {
      idle.restart(timeout);
      onSending(at + piece.length);
      yield piece;
      at += piece.length;
      onSent(at);
    }
    idle.restart(last);
  }
  const isEmpty = start === end && size > 0;
  // One PATCH with all of the content is a stream, and no chunk.
  const isChunk = method === 'PATCH' && (start > 0 || end < size);
  const range = isChunk ? { 'content-range': `${start}-${end - 1}` } : {};
  const headers = isEmpty
    ? { 'content-length': '0' }
    : { 'content-type': 'application/octet-stream', ...range };
  const content = isEmpty ? {} : { body: { size: end - start, open: body } };
  try {
    const request = { method, headers, signal: idle.signal, ...content };
    const { response, url } = await transport.send(location, request);
    return { response, location: locationOf(response, url) };
  } finally {
    idle.stop();
  }
}

/** Cancels an upload. Errors are ignored, because registries remove stale uploads anyway. */
export async function cancelUpload({ transport }: UploadTarget, location: string): Promise<void> {
  await transport
    .send(location, { method: 'DELETE', signal: within(CANCEL_TIMEOUT, undefined) })
    .then(({ response }) => response.body?.cancel())
    .catch(() => undefined);
}

/** Adds the digest to a URL. The rest of the query is left unchanged, because registries sign it. */
export function withDigest(location: string, digest: string): string {
  const url = new URL(location);
  url.search = `${url.search === '' ? '?' : `${url.search}&`}digest=${encodeURIComponent(digest)}`;
  return url.href;
}

async function ask({ transport, timeout, signal }: UploadTarget, place: string, request: TransportRequest) {
  const { response, url } = await transport.send(place, { ...request, signal: within(timeout, signal) });
  return { response, location: locationOf(response, url) };
}

/** @throws any error but that for a response of 401 or 403 */
function undefinedWhenRefused(error: unknown): undefined {
  if (error instanceof FactoryError && error.code === 'REGISTRY_UNAUTHORIZED') return undefined;
  throw error;
}

/** Returns the URL of the next request, resolved against that of the response (RFC 9110, section 10.2.2). */
function locationOf(response: Response, url: string): string | undefined {
  const location = response.headers.get('location');
  return location !== null && URL.canParse(location, url) ? new URL(location, url).href : undefined;
}
