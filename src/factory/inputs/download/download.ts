import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { hashFile } from '../../../common/files/digest.ts';
import { isAlive, runIdentity } from '../../../common/files/process-identity.ts';
import { Broken, exchange, type Fetch } from './exchange.ts';

/** A file of the network whose content is known beforehand. */
export interface Download {
  readonly url: string;
  /** What the content must be, in lower-case hex. */
  readonly sha256: string;
}

/** What downloading may use. */
export interface DownloadContext {
  /** Where downloads are kept, named by their sha256. */
  readonly directory: string;
  readonly fetch: Fetch;
  readonly signal: AbortSignal;
  /** Tells the person how far it is. */
  readonly say: (text: string) => void;
  /** Milliseconds before the second attempt; each further one waits twice as long. */
  readonly pause?: number;
}

/** Attempts in a row that bring nothing new, before it is given up. */
const ATTEMPTS = 5;
const PAUSE = 1000;
const MEBIBYTE = 1024 * 1024;
/** How many bytes pass between two lines of progress. */
const REPORT = 16 * MEBIBYTE;

/**
 * Fetches a file once and for all: it is kept under its sha256, and appears there when that has been verified. What an
 * attempt or a killed run has brought is not fetched again.
 * @returns the path of the file, which nobody may change
 * @throws FactoryError `verification` when the content is not what it must be, `step` when it cannot be had
 */
export async function download({ url, sha256 }: Download, context: DownloadContext): Promise<string> {
  const file = join(context.directory, sha256);
  if (await exists(file)) return file;
  await mkdir(context.directory, { recursive: true, mode: 0o700 });
  const part = join(context.directory, `${sha256}.${runIdentity(process.pid)}.${randomUUID()}.part`);
  await adoptPart(context.directory, sha256, part);
  // What an earlier run left may be damaged: then once more, from the beginning.
  for (let isLast = !(await exists(part)); ; isLast = true) {
    await fetchWhole(url, part, context);
    const found = await hashFile(part, context.signal);
    if (found === sha256) break;
    await rm(part, { force: true });
    if (isLast) throw mismatch(url, sha256, found);
  }
  await sync(part);
  await chmod(part, 0o444);
  await rename(part, file);
  return file;
}

/** The refusal of content that is not what it must be. */
export function mismatch(name: string, wanted: string, found: string): FactoryError {
  return new FactoryError('DIGEST_MISMATCH', `${name} is not what its checksum says`, {
    details: [`expected sha256 ${wanted}`, `found    sha256 ${found}`],
    remedy: 'Check address, version and checksum. Use the file only when you know why they differ.',
  });
}

/** Goes on until the file is whole; attempts that bring something do not count. */
async function fetchWhole(url: string, part: string, context: DownloadContext): Promise<void> {
  for (let failures = 0; ; ) {
    const before = await sizeOf(part);
    try {
      return await fetchRest(url, part, before, context);
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof Broken)) throw error;
      failures = (await sizeOf(part)) > before ? 1 : failures + 1;
      if (failures >= ATTEMPTS) throw unreachable(error);
      const pause = error.wait ?? (context.pause ?? PAUSE) * 2 ** (failures - 1);
      context.say(`${error.message}; trying again in ${Math.ceil(pause / 1000)} s`);
      await sleep(pause, undefined, { signal: context.signal }).catch(() => undefined);
      context.signal.throwIfAborted();
    }
  }
}

async function fetchRest(url: string, part: string, from: number, context: DownloadContext): Promise<void> {
  const response = await exchange(
    context.fetch,
    url,
    context.signal,
    from > 0 ? `bytes=${from}-` : undefined,
  );
  // Nothing is left to send: the part is as long as the file, or longer, which its checksum will tell.
  if (response.status === 416) return void (await response.body?.cancel());
  // A server may not know ranges and send everything.
  const start = response.status === 206 ? from : 0;
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  const total = Number.isNaN(length) ? '' : ` of ${mebibytes(start + length)}`;
  let size = start;
  let told = start;
  const count = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size - told >= REPORT) {
        told = size;
        context.say(`${mebibytes(size)}${total} MiB`);
      }
      yield chunk;
    }
  };
  const file = createWriteStream(part, { flags: start > 0 ? 'a' : 'w', mode: 0o600 });
  try {
    await pipeline(Readable.from(response.body ?? []), count, file, { signal: context.signal });
  } catch (error) {
    throw Broken.from(url, error);
  }
  if (!Number.isNaN(length) && size < start + length) throw new Broken(`${new URL(url).host} ends too early`);
}

/** Goes on with what a dead run has left. */
async function adoptPart(directory: string, sha256: string, part: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const [hash, identity = ''] = name.split('.');
    if (hash !== sha256 || !name.endsWith('.part') || isAlive(identity)) continue;
    // Another run may have taken it at this moment.
    const isTaken = await rename(join(directory, name), part).then(
      () => true,
      () => false,
    );
    if (isTaken) return;
  }
}

function unreachable(error: Broken): FactoryError {
  return new FactoryError('DOWNLOAD_FAILED', error.message, {
    remedy:
      'Check the network and its proxy (HTTPS_PROXY); or fetch the file elsewhere and name it by its path.',
    cause: error,
  });
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
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

function mebibytes(bytes: number): string {
  return (bytes / MEBIBYTE).toFixed(0);
}
