import type { Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FactoryError } from '../../errors/factory-error.ts';
import { blobFileName, expectDigest, hashFor } from '../../files/digest.ts';
import { putInPlace } from '../../files/output-file.ts';
import { throwIfAborted } from '../../http/abort.ts';
import { retrying } from '../../http/retry.ts';
import { TransientHttpError } from '../../http/transient-error.ts';
import type { Descriptor } from './image-manifest.ts';
import { formatImageReference } from './image-reference.ts';
import type { Registry } from './registry.ts';
import type { RegistryHost } from './registry-host.ts';
import { transferBlobs } from './transfer-blobs.ts';

/** The blobs to download, and how. */
export interface DownloadOptions {
  readonly blobs: readonly Descriptor[];
  /** Directory for them, made when it is not there; what an interrupted download left there is gone on with. */
  readonly directory: string;
  /** Path of a blob below the directory; `sha256-HEX` by default. */
  readonly fileName?: (digest: string) => string;
  /** Suffix of the names of partial downloads. Programs that share a directory need different ones. */
  readonly partial?: string;
  readonly attempts?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Receives the bytes present so far, and their total. */
  readonly progress?: ((done: number, total: number) => void) | undefined;
}

const MIB = 1024 * 1024;

/**
 * Downloads blobs into a directory and verifies them; blobs that are already there are not downloaded.
 * @returns host paths of the blobs, in the order of the descriptors
 * @throws FactoryError `step` when there is not enough space or the registry cannot be reached, `verification` when a blob
 * does not match its digest
 */
export async function downloadBlobs(
  host: RegistryHost,
  registry: Registry,
  {
    blobs,
    directory,
    fileName = blobFileName,
    partial = '.partial',
    attempts,
    signal,
    progress,
  }: DownloadOptions,
): Promise<string[]> {
  const place = host.resolve(directory);
  const unique = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
  const directories = unique.map(({ digest }) => dirname(join(directory, fileName(digest))));
  for (const parent of new Set([directory, ...directories])) await host.makeDirectory(parent, 0o700);
  const fileOf = ({ digest }: Descriptor) => join(place, fileName(digest));
  await requireSpace(directory, {
    place,
    blobs: unique.map((blob) => ({ ...blob, file: fileOf(blob) })),
    partial,
  });

  await transferBlobs(
    unique,
    (blob, transfer) => {
      const file = fileOf(blob);
      return downloadBlob(host, registry, {
        blob,
        file,
        partial: `${file}${partial}`,
        attempts,
        ...transfer,
      });
    },
    { signal, progress },
  );
  return blobs.map(fileOf);
}

interface OneDownload {
  readonly blob: Descriptor;
  readonly file: string;
  readonly partial: string;
  readonly attempts: number | undefined;
  readonly signal: AbortSignal;
  readonly progress: (bytes: number) => void;
}

async function downloadBlob(
  host: RegistryHost,
  registry: Registry,
  { blob, file, partial, attempts, signal, progress }: OneDownload,
): Promise<void> {
  const { digest, size } = blob;
  const name = `layer ${digest.slice(0, 19)}… of ${formatImageReference(registry.reference)}`;
  // The file was verified before it was renamed, but a power cut may have damaged it since.
  if ((await sizeOf(file)) === size && (await hashFile(file, digest, signal)).digest === digest) {
    return progress(size);
  }
  let furthest = 0;
  await retrying(host, { name, signal, attempts, code: 'REGISTRY_UNREACHABLE' }, async (progressed) => {
    const begun = await resumable(partial, blob, signal);
    const onBytes = (bytes: number) => {
      // A server that sends the same beginning again and again makes no progress.
      if (bytes > furthest) progressed();
      furthest = Math.max(furthest, bytes);
      progress(bytes);
    };
    const isComplete = begun.size === size && size > 0;
    const { hash, isResumed } = isComplete
      ? { hash: begun.hash, isResumed: true }
      : await fetchRest(registry, { digest, size, name }, { partial, begun, signal, onBytes });
    const actual = `${digest.split(':')[0]}:${hash.digest('hex')}`;
    if (actual !== digest) {
      await rm(partial, { force: true });
      if (isResumed) throw new TransientHttpError('the partial file of an earlier attempt is damaged');
    }
    expectDigest(name, digest, actual);
    await putInPlace(partial, file);
    progress(size);
  });
}

interface RestOptions {
  readonly partial: string;
  /** The content of the partial file. */
  readonly begun: { readonly size: number; readonly hash: Hash };
  readonly signal: AbortSignal;
  /** Receives the size of the partial file after each chunk. */
  readonly onBytes: (bytes: number) => void;
}

/** Downloads the rest of a blob. @returns the hash of the whole blob, and whether earlier content is part of it */
async function fetchRest(
  registry: Registry,
  { digest, size, name }: { readonly digest: string; readonly size: number; readonly name: string },
  { partial, begun, signal, onBytes }: RestOptions,
): Promise<{ readonly hash: Hash; readonly isResumed: boolean }> {
  const { offset, body } = await registry.getBlob(digest, begun.size, signal);
  if (offset !== 0 && offset !== begun.size) {
    throw new TransientHttpError('the registry sent the wrong part of a blob');
  }
  const isResumed = offset > 0;
  const hash = isResumed ? begun.hash : hashFor(digest);
  const handle = await open(partial, isResumed ? 'a' : 'w', 0o600);
  let bytes = offset;
  try {
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > size) break;
      await handle.writeFile(chunk);
      hash.update(chunk);
      onBytes(bytes);
      throwIfAborted(signal);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (bytes < size) throw new TransientHttpError(`the connection ended after ${bytes} of ${size} bytes`);
  if (bytes > size) {
    await rm(partial, { force: true });
    throw new FactoryError('DIGEST_MISMATCH', `${name} is larger than its ${size} bytes`, {
      remedy: 'Try again; if the error persists, the registry or a proxy modifies the content.',
    });
  }
  return { hash, isResumed };
}

/** Hashes the partial file of an earlier download; removes it if it is too long. */
async function resumable(partial: string, { size, digest }: Descriptor, signal: AbortSignal) {
  const there = await sizeOf(partial);
  if (there !== undefined && there <= size) return hashFile(partial, digest, signal);
  await rm(partial, { force: true });
  return { size: 0, hash: hashFor(digest), digest: undefined };
}

async function hashFile(file: string, digest: string, signal: AbortSignal) {
  const hash = hashFor(digest);
  let size = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: MIB }) as AsyncIterable<Buffer>) {
    throwIfAborted(signal);
    hash.update(chunk);
    size += chunk.length;
  }
  return { size, hash, digest: `${digest.split(':')[0]}:${hash.copy().digest('hex')}` };
}

interface SpaceOptions {
  /** Host path of the directory. */
  readonly place: string;
  readonly blobs: readonly (Descriptor & { readonly file: string })[];
  /** Suffix of the names of partial downloads. */
  readonly partial: string;
}

/** @throws FactoryError `step` when the remaining downloads do not fit on the disk */
async function requireSpace(directory: string, { place, blobs, partial }: SpaceOptions): Promise<void> {
  let needed = 0;
  for (const { size, file } of blobs) {
    needed += Math.max(size - ((await sizeOf(file)) ?? (await sizeOf(`${file}${partial}`)) ?? 0), 0);
  }
  const { bavail, bsize } = await statfs(place);
  const free = bavail * bsize;
  if (needed <= free) return;
  const mib = (bytes: number) => Math.ceil(bytes / MIB);
  throw new FactoryError(
    'DISK_FULL',
    `${directory} has ${Math.floor(free / MIB)} MiB free, the download needs ${mib(needed)} MiB`,
    { remedy: 'Free some space there, or use a smaller image.' },
  );
}

async function sizeOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ size }) => size,
    () => undefined,
  );
}
