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

/** Bytes to read from a file at a time. */
const PIECE = 1024 * 1024;

/** Returns the content of a file, which is read in chunks. */
export function fileBlob(file: string, described: Omit<BlobContent, 'read'>): BlobContent {
  return {
    ...described,
    read: (start, end) =>
      // The end of a stream of a file is inclusive, so there is none for no bytes.
      start < end ? createReadStream(file, { start, end: end - 1, highWaterMark: PIECE }) : nothing(),
  };
}

/** Returns content in memory. */
export function bytesBlob(name: string, bytes: Uint8Array): BlobContent {
  return {
    name,
    digest: digestOf(bytes),
    size: bytes.length,
    read: async function* (start, end) {
      yield bytes.subarray(start, end);
    },
  };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/**
 * Verifies content while it is read. The last bytes are only returned if all of it matches the digest, so that a request
 * that sends other content cannot complete. Reading from the start begins a new verification; a part that is read again
 * because a registry has lost it is verified only by the registry.
 * @returns a reader like `content.read`, which throws FactoryError `verification`
 */
export function checkedReader(content: BlobContent): BlobContent['read'] {
  const { digest, size } = content;
  let hash = hashFor(digest);
  let hashed = 0;
  /** Hashes what is new in a chunk that starts at `offset`, and checks the digest at the end. */
  const verify = (chunk: Uint8Array, offset: number) => {
    const end = offset + chunk.length;
    if (offset > hashed || end <= hashed) return;
    hash.update(chunk.subarray(hashed - offset));
    hashed = end;
    if (hashed !== size) return;
    const actual = `${digest.split(':')[0]}:${hash.copy().digest('hex')}`;
    if (actual !== digest) throw changed(content, `it is ${actual}`);
  };
  return async function* (start, end) {
    if (start === 0) {
      hash = hashFor(digest);
      hashed = 0;
    }
    let offset = start;
    for await (const chunk of content.read(start, end)) {
      if (offset + chunk.length > end) throw changed(content, 'it has become longer');
      verify(chunk, offset);
      offset += chunk.length;
      yield chunk;
    }
    if (offset !== end) throw changed(content, 'it has become shorter');
  };
}

function changed({ name, digest }: BlobContent, problem: string): FactoryError {
  return new FactoryError('DIGEST_MISMATCH', `${name} does not match its digest: ${problem}`, {
    details: [`expected ${digest}`],
    remedy: 'It was changed or damaged after it was made: make it again.',
  });
}
