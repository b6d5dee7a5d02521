import { createReadStream } from 'node:fs';
import { FactoryError } from '../../errors/factory-error.ts';
import { digestOf, hashFor } from '../../files/digest.ts';

/** Content that is to be in a registry, under a digest that is known before it is read. */
export interface BlobContent {
  /** What people know it by, for messages. */
  readonly name: string;
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
  /** The bytes from `start` to before `end`. */
  readonly read: (start: number, end: number) => AsyncIterable<Uint8Array>;
}

/** Bytes that are read from a file at a time. */
const PIECE = 1024 * 1024;

/** A file, which is never held as a whole. */
export function fileBlob(name: string, file: string, digest: string, size: number): BlobContent {
  return {
    ...{ name, digest, size },
    read: (start, end) =>
      // The end of a stream of a file is inclusive, so there is none for no bytes.
      start < end ? createReadStream(file, { start, end: end - 1, highWaterMark: PIECE }) : nothing(),
  };
}

/** Bytes that are there already. */
export function bytesBlob(name: string, bytes: Uint8Array): BlobContent {
  return {
    ...{ name, digest: digestOf(bytes), size: bytes.length },
    read: async function* (start, end) {
      yield bytes.subarray(start, end);
    },
  };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/**
 * Reads content and checks it on the way. Its last bytes are given only when all of it is what the digest says, so a
 * request that sends them cannot end well with other content. Reading from the beginning checks anew; a part that is read
 * again, because a registry has lost it, is checked by the registry alone.
 * @returns a reader like `content.read`, which throws FactoryError `verification`
 */
export function checkedReader(content: BlobContent): BlobContent['read'] {
  const { name, digest, size } = content;
  let hash = hashFor(digest);
  let hashed = 0;
  const changed = (problem: string) =>
    new FactoryError('DIGEST_MISMATCH', `${name} does not match its digest: ${problem}`, {
      details: [`expected ${digest}`],
      remedy: 'It was changed or damaged after it was made: make it again.',
    });
  // biome-ignore lint/complexity/noExcessiveCognitiveComplexity: still to be taken apart.
  return async function* (start, end) {
    if (start === 0) [hash, hashed] = [hashFor(digest), 0];
    let at = start;
    for await (const piece of content.read(start, end)) {
      const isNew = at <= hashed && at + piece.length > hashed;
      if (isNew) {
        hash.update(piece.subarray(hashed - at));
        hashed = at + piece.length;
      }
      at += piece.length;
      if (at > end) throw changed('it has become longer');
      if (isNew && hashed === size) {
        const actual = `${digest.split(':')[0]}:${hash.copy().digest('hex')}`;
        if (actual !== digest) throw changed(`it is ${actual}`);
      }
      yield piece;
    }
    if (at !== end) throw changed('it has become shorter');
  };
}
