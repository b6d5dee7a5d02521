import { type BlobContent, checkedReader } from './blob-content.ts';
import { expectAnswered, refused } from './registry-answer.ts';
import type { RegistryHost } from './registry-host.ts';
import { retrying, TransientError } from './retry.ts';
import { watchSilence } from './silence.ts';
import { TIMEOUT, type Transport, type TransportRequest } from './transport.ts';
import { CHUNK, keptBytes, nextStep, smallerChunk } from './upload-plan.ts';

/** How a blob came to be in a registry. */
export type BlobOutcome = 'present' | 'mounted' | 'uploaded';

/** How blobs are uploaded. */
export interface UploadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly attempts?: number | undefined;
  /** Milliseconds of silence after which a connection counts as dead. */
  readonly timeout?: number | undefined;
  /** Bytes that are sent with one request at most. */
  readonly chunk?: number | undefined;
  /** Another repository of the registry that may have the blob. */
  readonly mountFrom?: string | undefined;
  /** Told how many bytes of the blob are there. */
  readonly progress?: ((bytes: number) => void) | undefined;
}

/** An upload that the registry has begun. */
interface Session {
  /** Address of the next request. */
  readonly location: string;
  readonly offset: number;
  readonly minimum: number;
}

/** Registries read what they were sent once more before they answer the last request: a second for so many bytes. */
const DIGESTED_PER_SECOND = 16 * 1024 * 1024;
/** Milliseconds that giving up an upload may take. */
const FAREWELL = 5_000;
/** A registry that does not know uploads in parts refuses the first one so (RFC 9110). */
const UNKNOWN_PATCH = [400, 405, 415];

/**
 * Brings a blob into a repository (distribution-spec 1.1, "Pushing blobs"), checked on the way. One that is there is not
 * sent. What is too large for one request goes in chunks; after a failure the registry is asked how much it has, and the
 * upload goes on there, or begins anew when the registry has lost it.
 * @param root `/v2/REPOSITORY`
 * @throws FactoryError `step` when the registry refuses or cannot be reached, `verification` when the content, or the digest
 *   that the registry answers, is another one
 */
export async function uploadBlob(
  host: RegistryHost,
  transport: Transport,
  { root, registry }: { readonly root: string; readonly registry: string },
  content: BlobContent,
  options: UploadOptions,
): Promise<BlobOutcome> {
  const { name, digest, size } = content;
  const { signal, attempts, timeout = TIMEOUT, mountFrom, progress } = options;
  const read = checkedReader(content);
  let [chunk, isChunked, mayMount] = [options.chunk ?? CHUNK, true, mountFrom !== undefined];
  let session: Session | undefined;
  /** Whether an attempt has failed, and whether the registry's word was taken for how far it got. */
  let [isDoubtful, hasResumed] = [false, false];
  /** How far the content was ever sent in this session, and confirmed in any. */
  let [sent, furthest] = [0, 0];

  const ask = async (target: string, request: TransportRequest) => {
    const ending = AbortSignal.any([AbortSignal.timeout(timeout), ...(signal ? [signal] : [])]);
    const { response, url } = await transport.send(target, { ...request, signal: ending });
    return { response, location: locationOf(response, url) };
  };

  const isThere = async () => {
    const { response } = await ask(`${root}/blobs/${digest}`, { method: 'HEAD' });
    await response.body?.cancel();
    if (response.status === 404) return false;
    if (!response.ok) throw await refused(`a question for ${name}`, registry, response);
    expectAnswered(name, digest, response);
    return true;
  };

  const begin = async (): Promise<Session | BlobOutcome> => {
    const query = mayMount ? `?mount=${digest}&from=${encodeURIComponent(mountFrom ?? '')}` : '';
    const { response, location } = await ask(`${root}/blobs/uploads/${query}`, {
      method: 'POST',
      headers: { 'content-length': '0' },
    });
    if (response.status === 201 && mayMount) {
      await response.body?.cancel();
      expectAnswered(name, digest, response);
      return 'mounted';
    }
    mayMount = false;
    if (response.status !== 202) throw await refused(name, registry, response);
    await response.body?.cancel();
    if (location === undefined) throw new TransientError(`${registry} begins an upload without its place`);
    [sent, hasResumed] = [0, false];
    const minimum = Number(response.headers.get('oci-chunk-min-length') ?? 0) || 0;
    return { location, offset: 0, minimum };
  };

  /** Finds out how much the registry has. */
  const resume = async ({ location, ...rest }: Session): Promise<Session | undefined> => {
    const { response, location: next } = await ask(location, { method: 'GET' });
    await response.body?.cancel();
    const offset = keptBytes(response.headers.get('range'), sent, rest.offset);
    if (!response.ok || offset === undefined) return undefined;
    hasResumed = true;
    return { ...rest, location: next ?? location, offset };
  };

  /** Sends a part, or nothing, and waits for the answer. */
  const send = async (method: 'PATCH' | 'PUT', target: string, start: number, end: number) => {
    const watch = watchSilence(timeout, signal);
    const last = method === 'PUT' ? timeout + (size / DIGESTED_PER_SECOND) * 1000 : timeout;
    let at = start;
    async function* body() {
      at = start;
      for await (const piece of read(start, end)) {
        watch.heard(timeout);
        sent = Math.max(sent, at + piece.length);
        yield piece;
        at += piece.length;
        progress?.(at);
      }
      watch.heard(last);
    }
    const isEmpty = start === end && size > 0;
    const range = method === 'PATCH' ? { 'content-range': `${start}-${end - 1}` } : {};
    try {
      const { response, url } = await transport.send(target, {
        method,
        signal: watch.signal,
        headers: isEmpty
          ? { 'content-length': '0' }
          : { 'content-type': 'application/octet-stream', ...range },
        ...(isEmpty ? {} : { body: { size: end - start, open: body } }),
      });
      return { response, location: locationOf(response, url) };
    } finally {
      watch.end();
    }
  };

  /** What a registry says to a request that it does not take decides how the next attempt is made. */
  const explain = async (response: Response, isFirst: boolean): Promise<Error> => {
    const { status } = response;
    const problem = `${registry} answers HTTP ${status}`;
    const smaller = status === 413 ? smallerChunk(chunk, size) : undefined;
    if (smaller !== undefined) {
      await response.body?.cancel();
      chunk = smaller;
      host.log('debug', `${name}: requests are too large; going on with ${smaller} bytes in each`);
      return new TransientError(problem, { wait: 0 });
    }
    if (isFirst && isChunked && size > chunk && UNKNOWN_PATCH.includes(status)) {
      await response.body?.cancel();
      isChunked = false;
      session = undefined;
      return new TransientError(problem, { wait: 0 });
    }
    if (status === 400 && hasResumed) {
      // It may have had more or less than it said; from the beginning there is nothing to be wrong about.
      await response.body?.cancel();
      session = undefined;
      return new TransientError(`${registry} has not put an upload together`);
    }
    if (status === 404 || status === 416) {
      await response.body?.cancel();
      return new TransientError(`${registry} has lost an upload (HTTP ${status})`);
    }
    return refused(name, registry, response);
  };

  const advance = async (current: Session, progressed: () => void): Promise<Session | undefined> => {
    const step = nextStep({ size, ...current, chunk: isChunked ? chunk : size });
    if (step.kind === 'chunk') {
      const { response, location } = await send('PATCH', current.location, step.start, step.end);
      if (!response.ok) throw await explain(response, step.start === 0);
      await response.body?.cancel();
      const offset = keptBytes(response.headers.get('range'), sent, step.end);
      if (offset === undefined)
        throw new TransientError(`${registry} has more of an upload than it was sent`);
      if (offset > furthest) progressed();
      furthest = Math.max(furthest, offset);
      return { ...current, location: location ?? current.location, offset };
    }
    const target = withDigest(current.location, digest);
    const { response } = await send('PUT', target, step.kind === 'whole' ? 0 : size, size);
    if (!response.ok) throw await explain(response, false);
    await response.body?.cancel();
    expectAnswered(name, digest, response);
    return undefined;
  };

  try {
    return await retrying(host, { name, verb: 'pushed', signal, attempts }, async (progressed) => {
      if (session && isDoubtful) session = isChunked ? await resume(session) : undefined;
      isDoubtful = true;
      if (session === undefined) {
        // Also after a last request whose answer was lost.
        if (await isThere()) {
          progress?.(size);
          return 'present';
        }
        const begun = await begin();
        if (typeof begun === 'string') {
          progress?.(size);
          return begun;
        }
        session = begun;
      }
      while (session !== undefined) session = await advance(session, progressed);
      progress?.(size);
      return 'uploaded';
    });
  } catch (error) {
    if (session) await giveUp(transport, session.location);
    throw error;
  }
}

/** Lets the registry forget an upload; whatever it says, it does so by itself some day. */
async function giveUp(transport: Transport, location: string): Promise<void> {
  const signal = AbortSignal.timeout(FAREWELL);
  await transport
    .send(location, { method: 'DELETE', signal })
    .then(({ response }) => response.body?.cancel())
    .catch(() => undefined);
}

/** Where to go on; relative to the request, as RFC 9110 has it. */
function locationOf(response: Response, url: string): string | undefined {
  const location = response.headers.get('location');
  return location !== null && URL.canParse(location, url) ? new URL(location, url).href : undefined;
}

/** Adds the digest to an address whose own query stays as it is, because registries sign it. */
function withDigest(location: string, digest: string): string {
  const url = new URL(location);
  url.search = `${url.search === '' ? '?' : `${url.search}&`}digest=${encodeURIComponent(digest)}`;
  return url.href;
}
