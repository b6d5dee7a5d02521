import { createHash, type Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { FactoryError } from '../errors/factory-error.ts';

/**
 * Bytes to read from a file at a time: streams take four times as long
 * (docs/decisions/0009-one-root-packed-with-zstd.md).
 */
const CHUNK = 4 * 1024 * 1024;

/** Creates a hash with the algorithm of a digest. */
export function hashFor(digest: string): Hash {
  return createHash(algorithmOf(digest));
}

/** Returns the digest of bytes, with the algorithm of the digest `like`; sha256 by default. */
export function digestOf(bytes: Uint8Array, like = 'sha256:'): string {
  const algorithm = algorithmOf(like);
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

/**
 * Returns the sha256 of a file in hex.
 * @param onChunk receives each chunk, which is overwritten after the call
 * @throws the reason of `signal` when aborted, and the error of the filesystem when the file cannot be read
 */
export async function hashFile(
  file: string,
  signal?: AbortSignal,
  onChunk?: (chunk: Uint8Array) => void,
): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(file);
  try {
    const buffer = Buffer.alloc(CHUNK);
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, CHUNK);
      if (bytesRead === 0) break;
      const chunk = buffer.subarray(0, bytesRead);
      hash.update(chunk);
      onChunk?.(chunk);
    }
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}

/** @throws FactoryError `verification` when two digests differ */
export function expectDigest(name: string, expected: string, actual: string): void {
  if (expected === actual) return;
  throw new FactoryError('DIGEST_MISMATCH', `${name} does not match its digest`, {
    details: [`expected ${expected}`, `received ${actual}`],
    remedy: 'Try again; if the error persists, the registry or a proxy modifies the content.',
  });
}

/** Returns the file name of a blob: `sha256-HEX`. */
export function blobFileName(digest: string): string {
  return digest.replace(':', '-');
}

function algorithmOf(digest: string): string {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}
