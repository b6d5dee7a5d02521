import { createHash, type Hash } from 'node:crypto';
import { FactoryError } from '../errors/factory-error.ts';

/** A hash of the algorithm that a digest names. */
export function hashFor(digest: string): Hash {
  return createHash(algorithmOf(digest));
}

/** The digest of bytes, by the algorithm of another digest, sha256 by default. */
export function digestOf(bytes: Uint8Array, like = 'sha256:'): string {
  const algorithm = algorithmOf(like);
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

/** @throws FactoryError `verification` when two digests differ */
export function expectDigest(name: string, expected: string, actual: string): void {
  if (expected === actual) return;
  throw new FactoryError('verification', `${name} is not what its digest says`, {
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
