import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { hashFile } from '../../../common/files/digest.ts';
import { putInPlace } from '../../../common/files/output-file.ts';
import type { HttpFetch } from '../../../common/host/http-fetch.ts';
import { exchange } from '../../../common/http/exchange.ts';
import { type HttpPort, httpPort } from '../../../common/http/http-port.ts';
import { startIdleTimeout, untilIdle } from '../../../common/http/idle-timeout.ts';
import { explainNetwork } from '../../../common/http/network-error.ts';
import { retrying } from '../../../common/http/retry.ts';
import { shownUrl } from '../../../common/http/shown-url.ts';
import { TransientHttpError } from '../../../common/http/transient-error.ts';
import { createTransferText } from '../../../common/text/transfer.ts';
import type { Owner } from '../base/blob-cache.ts';

/** A file to download, with its known digest. */
export interface Download {
  readonly url: string;
  /** What the content must be, in lower-case hex. */
  readonly sha256: string;
}

/** The services and settings of a download. */
export interface DownloadContext {
  /** The directory that keeps downloads under their sha256. */
  readonly directory: string;
  /** Identifies the unfinished files of this run. */
  readonly owner: Owner;
  readonly fetch: HttpFetch;
  readonly signal: AbortSignal;
  /** Tells the person how far it is. */
  readonly say: (text: string) => void;
  /** Milliseconds before the second attempt; each further one waits twice as long. */
  readonly pause?: number;
}

/** Attempts in a row that bring nothing new, before it is given up. */
const ATTEMPTS = 5;
const PAUSE = 1000;
/** Milliseconds without data, after which a connection counts as dead. */
const IDLE_TIMEOUT = 5 * 60_000;
const MEBIBYTE = 1024 * 1024;
/** How many bytes pass between two lines of progress. */
const REPORT = 16 * MEBIBYTE;

/**
 * Downloads a file once. It appears under its sha256 after that has been verified. Content that an earlier attempt or a
 * killed run has received is not fetched again.
 * @returns the path of the file, which is read-only
 * @throws FactoryError `verification` when the content does not match its digest, `step` when it cannot be fetched
 */
export async function download({ url, sha256 }: Download, context: DownloadContext): Promise<string> {
  const file = join(context.directory, sha256);
  if (await exists(file)) return file;
  await mkdir(context.directory, { recursive: true, mode: 0o700 });
  const part = join(context.directory, `${sha256}.${context.owner.identity}.${randomUUID()}.part`);
  await adoptPart(context, sha256, part);
  // The part of an earlier run may be damaged: then start again from the beginning.
  for (let isLast = !(await exists(part)); ; isLast = true) {
    await fetchWhole(url, part, context);
    const found = await hashFile(part, context.signal);
    if (found === sha256) break;
    await rm(part, { force: true });
    if (isLast) throw mismatch(url, sha256, found);
  }
  await chmod(part, 0o444);
  await putInPlace(part, file);
  return file;
}

/** The error for content that does not match its checksum. */
export function mismatch(name: string, wanted: string, found: string): FactoryError {
  return new FactoryError('DIGEST_MISMATCH', `${name} does not match its checksum`, {
    details: [`expected sha256 ${wanted}`, `found    sha256 ${found}`],
    remedy: 'Check the URL, the version and the checksum. Use the file only if you know why they differ.',
  });
}

/** Retries until the file is complete; an attempt that makes progress resets the count. */
async function fetchWhole(url: string, part: string, context: DownloadContext): Promise<void> {
  const { fetch, signal, say, pause = PAUSE } = context;
  const port = httpPort(fetch, say);
  const remedy =
    'Check the network and its proxy (HTTPS_PROXY), or download the file by other means and give its path.';
  const patience = { attempts: ATTEMPTS, pause, pauseLimit: PAUSE * 2 ** ATTEMPTS };
  await retrying(port, { name: shownUrl(url), signal, remedy, ...patience }, async (progressed) => {
    const before = await sizeOf(part);
    try {
      await fetchRest(port, { url, part, from: before }, context);
    } finally {
      if ((await sizeOf(part)) > before) progressed();
    }
  });
}

interface Rest {
  readonly url: string;
  readonly part: string;
  /** Bytes received so far. */
  readonly from: number;
}

async function fetchRest(port: HttpPort, { url, part, from }: Rest, context: DownloadContext): Promise<void> {
  const idle = startIdleTimeout(IDLE_TIMEOUT, context.signal);
  try {
    const headers = from > 0 ? { range: `bytes=${from}-` } : {};
    const { response } = await exchange(port, url, { headers, signal: idle.signal });
    // Nothing is left to send: the part is as long as the file, or longer, which the checksum detects.
    if (response.status === 416 && from > 0) return void (await response.body?.cancel());
    if (!response.ok) throw await refused(url, response);
    // A server without support for ranges sends everything.
    const start = response.status === 206 ? from : 0;
    const length = Number(response.headers.get('content-length') ?? Number.NaN);
    const size = await appendBody(untilIdle(response.body, idle, IDLE_TIMEOUT), {
      ...{ part, start, signal: idle.signal, total: start + length, say: context.say },
    });
    if (!Number.isNaN(length) && size < start + length) {
      throw new TransientHttpError(`${new URL(url).host} closed the connection too early`);
    }
  } catch (error) {
    throw explainNetwork(new URL(url).host, error);
  } finally {
    idle.stop();
  }
}

interface Appending {
  readonly part: string;
  /** Bytes of the part to keep. */
  readonly start: number;
  /** Bytes of the whole file; NaN when unknown. */
  readonly total: number;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** Appends a body to a part. @returns the size of the part in bytes */
async function appendBody(
  body: AsyncIterable<Uint8Array>,
  { part, start, total, signal, say }: Appending,
): Promise<number> {
  const describe = createTransferText(undefined, start);
  let [size, reported] = [start, start];
  const count = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size - reported >= REPORT) {
        reported = size;
        say(describe(size, total));
      }
      yield chunk;
    }
  };
  const file = createWriteStream(part, { flags: start > 0 ? 'a' : 'w', mode: 0o600 });
  await pipeline(Readable.from(body), count, file, { signal });
  return size;
}

async function refused(url: string, response: Response): Promise<FactoryError> {
  await response.body?.cancel();
  const { status } = response;
  const { host, pathname } = new URL(url);
  return new FactoryError('DOWNLOAD_FAILED', `${host} responds with HTTP ${status} for ${pathname}`, {
    remedy: 'Check the URL and the version, or download the file by other means and give its path.',
  });
}

/** Adopts the part of a dead run. */
async function adoptPart(
  { directory, owner }: Pick<DownloadContext, 'directory' | 'owner'>,
  sha256: string,
  part: string,
): Promise<void> {
  for (const name of await readdir(directory)) {
    const [hash, identity = ''] = name.split('.');
    if (hash !== sha256 || !name.endsWith('.part') || (await owner.isAlive(identity))) continue;
    // Another run may have adopted it at the same moment.
    const isTaken = await rename(join(directory, name), part).then(
      () => true,
      () => false,
    );
    if (isTaken) return;
  }
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
