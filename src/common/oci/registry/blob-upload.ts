import { retrying } from '../../http/retry.ts';
import { TransientHttpError } from '../../http/transient-error.ts';
import { type BlobContent, checkedReader } from './blob-content.ts';
import type { RegistryHost } from './registry-host.ts';
import { expectStoredDigest, refused } from './registry-response.ts';
import { TIMEOUT, type Transport } from './transport.ts';
import {
  CHUNK,
  keptBytes,
  nextStep,
  offsetAfter,
  otherForm,
  smallerChunk,
  type UploadForm,
} from './upload-plan.ts';
import {
  cancelUpload,
  hasBlob,
  resumeUpload,
  sendPart,
  startUpload,
  type UploadSession,
  type UploadTarget,
  withDigest,
} from './upload-requests.ts';

/** How the repository got a blob. */
export type BlobOutcome = 'present' | 'mounted' | 'uploaded';

/** Options of {@link uploadBlob}. */
export interface UploadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly attempts?: number | undefined;
  /** Milliseconds of silence after which a connection counts as dead. */
  readonly timeout?: number | undefined;
  /** Maximum size of a request, in bytes. */
  readonly chunk?: number | undefined;
  /** Another repository of the registry that may have the blob. */
  readonly mountFrom?: string | undefined;
  /** Receives the number of bytes of the blob that the registry has. */
  readonly progress?: ((bytes: number) => void) | undefined;
}

/** The repository to upload to. */
interface UploadRepository {
  readonly transport: Transport;
  /** `/v2/REPOSITORY` */
  readonly root: string;
  readonly registry: string;
}

/** An upload in progress. */
interface Upload {
  readonly host: RegistryHost;
  readonly target: UploadTarget;
  readonly content: BlobContent;
  readonly read: (start: number, end: number) => AsyncIterable<Uint8Array>;
  readonly progress: ((bytes: number) => void) | undefined;
  mountFrom: string | undefined;
  session: UploadSession | undefined;
  chunk: number;
  form: UploadForm;
  /** Whether this is not the first attempt: the registry may have received more than it reported. */
  isUncertain: boolean;
  /** Whether this session was resumed at the offset that the registry reported. */
  hasResumed: boolean;
  /** The highest offset sent in this session. */
  sent: number;
  /** The highest offset that the registry has confirmed. */
  furthest: number;
}

const PUSHING = { verb: 'pushed', code: 'REGISTRY_UNREACHABLE' } as const;

/**
 * Uploads a blob to a repository unless it exists (distribution-spec 1.1, "Pushing blobs"), and verifies its content.
 * Content that is too large for one request is sent in chunks. After a failure the upload resumes at the offset that the
 * registry reports, or starts over if the registry has lost it.
 * @throws FactoryError `step` when the registry refuses or cannot be reached, `verification` when the content, or the digest
 *   in the registry's response, does not match
 */
export async function uploadBlob(
  host: RegistryHost,
  content: BlobContent,
  options: UploadOptions & { readonly repository: UploadRepository },
): Promise<BlobOutcome> {
  const { repository, signal, attempts, timeout = TIMEOUT, chunk = CHUNK, mountFrom, progress } = options;
  const upload: Upload = {
    host,
    content,
    progress,
    mountFrom,
    chunk,
    target: { ...repository, timeout, signal },
    read: checkedReader(content),
    session: undefined,
    form: 'chunks',
    isUncertain: false,
    hasResumed: false,
    sent: 0,
    furthest: 0,
  };
  try {
    const wanted = { ...PUSHING, name: content.name, signal, attempts };
    const outcome = await retrying(host, wanted, (progressed) => attemptUpload(upload, progressed));
    progress?.(content.size);
    return outcome;
  } catch (error) {
    if (upload.session) await cancelUpload(upload.target, upload.session.location);
    throw error;
  }
}

async function attemptUpload(upload: Upload, progressed: () => void): Promise<BlobOutcome> {
  const { target, content } = upload;
  if (upload.session && upload.isUncertain) upload.session = await resume(upload, upload.session);
  upload.isUncertain = true;
  if (upload.session === undefined) {
    // The blob may also exist because the response to the last request was lost.
    if (await hasBlob(target, content)) return 'present';
    const started = await startUpload(target, content, upload.mountFrom);
    if (started === 'mounted') return started;
    upload.mountFrom = undefined;
    [upload.session, upload.sent, upload.hasResumed] = [started, 0, false];
  }
  while (upload.session !== undefined) {
    upload.session = await advance(upload, upload.session, progressed);
  }
  return 'uploaded';
}

/** Resumes an upload. @returns `undefined` to start over: the registry does not support chunks or has lost the upload */
async function resume(upload: Upload, session: UploadSession): Promise<UploadSession | undefined> {
  if (upload.form !== 'chunks') return undefined;
  const resumed = await resumeUpload(upload.target, session, upload.sent);
  if (resumed) upload.hasResumed = true;
  return resumed;
}

/** Sends the next request of an upload. @returns its new state; `undefined` when it is complete */
async function advance(
  upload: Upload,
  session: UploadSession,
  progressed: () => void,
): Promise<UploadSession | undefined> {
  const { content, chunk, form } = upload;
  const { size, name, digest } = content;
  const step = nextStep({ size, ...session, chunk, form });
  if (step.kind !== 'chunk') {
    const start = step.kind === 'whole' ? 0 : size;
    const location = withDigest(session.location, digest);
    const { response } = await send(upload, { method: 'PUT', location, start, end: size });
    if (!response.ok) throw await refusal(upload, response, { isFirst: step.kind === 'whole' });
    await response.body?.cancel();
    expectStoredDigest(name, digest, response);
    return undefined;
  }
  const { start, end } = step;
  const { response, location } = await send(upload, {
    method: 'PATCH',
    location: session.location,
    start,
    end,
  });
  if (!response.ok) throw await refusal(upload, response, { isFirst: start === 0 });
  await response.body?.cancel();
  const kept = keptBytes(response.headers.get('range'), upload.sent, end);
  if (kept === undefined) {
    throw new TransientHttpError(`${upload.target.registry} reports more bytes of an upload than were sent`);
  }
  const offset = offsetAfter(step, kept);
  if (offset > upload.furthest) progressed();
  upload.furthest = Math.max(upload.furthest, offset);
  return { ...session, location: location ?? session.location, offset };
}

function send(
  upload: Upload,
  part: { method: 'PATCH' | 'PUT'; location: string; start: number; end: number },
) {
  return sendPart(upload.target, upload.content, {
    ...part,
    read: upload.read,
    onSending: (end) => {
      upload.sent = Math.max(upload.sent, end);
    },
    onSent: (end) => upload.progress?.(end),
  });
}

/** Returns the error for a refused request, and adapts the next attempt to its status. */
async function refusal(
  upload: Upload,
  response: Response,
  { isFirst }: { readonly isFirst: boolean },
): Promise<Error> {
  const { content, chunk, target } = upload;
  const { name, size } = content;
  const { registry } = target;
  const { status } = response;
  const transient = async (message: string, wait?: number) => {
    await response.body?.cancel();
    return new TransientHttpError(message, { wait, status });
  };
  const smaller = status === 413 ? smallerChunk(chunk, size) : undefined;
  if (smaller !== undefined) {
    upload.chunk = smaller;
    upload.host.log(
      'debug',
      `${name}: the registry refuses requests of this size; continuing with ${smaller} bytes per request`,
    );
    return transient(`${registry} responds with HTTP ${status}`, 0);
  }
  const { form, hasResumed } = upload;
  const other = otherForm({ status, form, isDivided: size > chunk, isFirst, hasResumed });
  if (other !== undefined) {
    [upload.form, upload.session] = [other, undefined];
    return transient(`${registry} responds with HTTP ${status}`, 0);
  }
  if (status === 400 && upload.hasResumed) {
    // The offset that the registry reported may have been wrong, which a new upload avoids.
    upload.session = undefined;
    return transient(`${registry} could not complete a resumed upload`);
  }
  if (status === 404 || status === 416) {
    return transient(`${registry} has lost an upload (HTTP ${status})`);
  }
  return refused(name, response, target);
}
