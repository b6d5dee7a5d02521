import { createHash, type Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { FactoryError } from '../errors/factory-error.ts';

/**
 * Bytes of a file that are read at a time: streams take four times as long
 * (docs/decisions/0009-one-root-packed-with-zstd.md).
 */
const CHUNK = 4 * 1024 * 1024;

/** A hash of the algorithm that a digest names. */
export function hashFor(digest: string): Hash {
  return createHash(algorithmOf(digest));
}

/** The digest of bytes, by the algorithm of another digest, sha256 by default. */
export function digestOf(bytes: Uint8Array, like = 'sha256:'): string {
  const algorithm = algorithmOf(like);
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

/**
 * The sha256 of a file in hex.
 * @param also is given each piece that is read; its bytes are others afterwards
 * @throws what aborted `signal`, and the file system's error when the file cannot be read
 */
export async function hashFile(
  file: string,
  signal?: AbortSignal,
  also?: (piece: Uint8Array) => void,
): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(file);
  try {
    const buffer = Buffer.alloc(CHUNK);
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, CHUNK);
      if (bytesRead === 0) break;
      const piece = buffer.subarray(0, bytesRead);
      hash.update(piece);
      also?.(piece);
    }
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}

/** @throws FactoryError `verification` when two digests differ */
export function expectDigest(name: string, expected: string, actual: string): void {
  if (expected === actual) return;
  throw new FactoryError('DIGEST_MISMATCH', `${name} is not what its digest says`, {
    details: [`expected ${expected}`, `received ${actual}`],
    remedy: 'Try again; if it stays, the registry or something before it changes what it delivers.',
  });
}

/** The name of a blob's file: `sha256-HEX`. */
export function blobFileName(digest: string): string {
  return digest.replace(':', '-');
}

function algorithmOf(digest: string): string {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}
