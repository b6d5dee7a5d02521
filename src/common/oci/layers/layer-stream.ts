import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { FactoryError, messageOf } from '../../errors/factory-error.ts';
import { expectDigest, hashFor } from '../../files/digest.ts';
import { decompressZstd } from './zstd-frames.ts';

/** A layer: a file, or a part of one. */
export interface LayerFile {
  /** As the process sees it. */
  readonly file: string;
  readonly start: number;
  readonly size: number;
  /** Checked while it is unpacked, for layers that were not checked before. */
  readonly digest?: string;
  /** The digest of the uncompressed tar, checked while it is unpacked. */
  readonly diffId?: string;
}

/** A layer that is being read. */
export interface OpenLayer {
  /** The uncompressed tar; throws FactoryError `verification` when it cannot be decompressed. */
  readonly tar: AsyncIterable<Uint8Array>;
  readonly isCompressed: boolean;
  /** @throws FactoryError `verification` when all has been read and a digest is another one */
  check(): void;
  close(): void;
}

/** Bytes that are read, and decompressed, at once. */
const CHUNK = 512 * 1024;

/**
 * Opens a layer, whatever it is compressed with.
 * @param progress hears how many bytes of the file were read
 * @throws FactoryError `verification` for a compression that layers do not have
 */
export async function openLayer(layer: LayerFile, progress: (done: number) => void): Promise<OpenLayer> {
  const { file, start, size, digest, diffId } = layer;
  const decompress = decompression(await firstBytes(layer));
  const hashes = { raw: hashFor(digest ?? ''), tar: hashFor(diffId ?? '') };
  const source = createReadStream(file, { start, end: Math.max(start + size - 1, 0), highWaterMark: CHUNK });
  let done = 0;
  const raw = metered(size === 0 ? [] : source, (chunk) => {
    done += chunk.length;
    if (digest !== undefined) hashes.raw.update(chunk);
    progress(done);
  });
  const tar = metered(decompress?.(raw) ?? raw, (chunk) => {
    if (diffId !== undefined) hashes.tar.update(chunk);
  });
  return {
    tar: explained(tar),
    isCompressed: decompress !== undefined,
    check: () => {
      if (digest !== undefined)
        expectDigest('a layer', digest, `${kind(digest)}:${hashes.raw.digest('hex')}`);
      if (diffId !== undefined)
        expectDigest('a layer', diffId, `${kind(diffId)}:${hashes.tar.digest('hex')}`);
    },
    close: () => void source.destroy(),
  };
}

/** @returns 6 bytes, filled up with zeros */
async function firstBytes({ file, start, size }: LayerFile): Promise<Buffer> {
  const bytes = Buffer.alloc(6);
  const handle = await open(file, 'r');
  try {
    await handle.read(bytes, 0, Math.min(bytes.length, size), start);
  } finally {
    await handle.close();
  }
  return bytes;
}

type Decompress = (raw: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

/** RFC 1952, RFC 8878: how something is compressed follows from its first bytes; media types are often wrong. */
function decompression(magic: Buffer): Decompress | undefined {
  if (magic.readUInt16BE(0) === 0x1f8b) return decompressGzip;
  if (magic.readUInt32BE(0) === 0x28b52ffd) return decompressZstd;
  const text = magic.toString('latin1');
  if (text !== '\xfd7zXZ\0' && !text.startsWith('BZh')) return undefined;
  throw new FactoryError('IMAGE_CORRUPT', 'a layer of the image is compressed with xz or bzip2', {
    remedy: 'Make the image with layers of gzip or zstd.',
  });
}

function decompressGzip(raw: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const stream = createGunzip({ chunkSize: CHUNK });
  // Whoever reads the stream gets its error.
  pipeline(raw, stream, () => {});
  return stream;
}

async function* metered(
  source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  each: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    each(chunk);
    yield chunk;
  }
}

async function* explained(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (error) {
    if (error instanceof FactoryError) throw error;
    throw new FactoryError('IMAGE_CORRUPT', `a layer of the image is corrupt: ${messageOf(error)}`, {
      remedy: 'Fetch or make the image again.',
      cause: error,
    });
  }
}

function kind(digest: string): string {
  return digest.split(':')[0] ?? '';
}
