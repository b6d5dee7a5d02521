import { createReadStream, type ReadStream } from 'node:fs';
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
  /** The digest to check during unpacking; absent when it was checked before. */
  readonly digest?: string;
  /** The digest of the uncompressed tar, to check during unpacking. */
  readonly diffId?: string;
}

/** An open layer. */
export interface OpenLayer {
  /** The uncompressed tar; throws FactoryError `verification` when it cannot be decompressed. */
  readonly tar: AsyncIterable<Uint8Array>;
  readonly isCompressed: boolean;
  /** Call it after the last byte. @throws FactoryError `verification` when a digest does not match */
  check(): void;
  close(): void;
}

/** Bytes to read and decompress at a time. */
const CHUNK = 512 * 1024;

/**
 * Opens a layer that is uncompressed or compressed with gzip or zstd.
 * @param progress receives the number of bytes of the file read so far
 * @throws FactoryError `verification` for any other compression
 */
export async function openLayer(layer: LayerFile, progress: (done: number) => void): Promise<OpenLayer> {
  const { file, start, size, digest, diffId } = layer;
  const decompress = decompression(await firstBytes(layer));
  const hashes = { raw: hashFor(digest ?? ''), tar: hashFor(diffId ?? '') };
  let source: ReadStream | undefined;
  // A stream that nobody reads would stay open, and nobody would catch its error.
  async function* bytes(): AsyncGenerator<Uint8Array> {
    if (size === 0) return;
    source = createReadStream(file, { start, end: start + size - 1, highWaterMark: CHUNK });
    yield* source;
  }
  let done = 0;
  const raw = metered(bytes(), (chunk) => {
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
    close: () => void source?.destroy(),
  };
}

/** The first 6 bytes, padded with zeros. */
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

/** Detects the compression by magic number (RFC 1952, RFC 8878), because media types are often wrong. */
function decompression(magic: Buffer): Decompress | undefined {
  if (magic.readUInt16BE(0) === 0x1f8b) return decompressGzip;
  if (magic.readUInt32BE(0) === 0x28b52ffd) return decompressZstd;
  const text = magic.toString('latin1');
  if (text !== '\xfd7zXZ\0' && !text.startsWith('BZh')) return undefined;
  throw new FactoryError('IMAGE_CORRUPT', 'a layer of the image is compressed with xz or bzip2', {
    remedy: 'Rebuild the image with gzip or zstd layers.',
  });
}

function decompressGzip(raw: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const stream = createGunzip({ chunkSize: CHUNK });
  // The reader of the stream gets its error.
  pipeline(raw, stream, () => {});
  return stream;
}

async function* metered(
  source: AsyncIterable<Uint8Array>,
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
      remedy: 'Fetch or rebuild the image.',
      cause: error,
    });
  }
}

function kind(digest: string): string {
  return digest.split(':')[0] ?? '';
}
