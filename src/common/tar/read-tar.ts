import { ByteReader, type CorruptionError } from '../files/byte-reader.ts';
import { padding } from './block.ts';
import type { TarMember } from './member.ts';
import { readMember } from './read-member.ts';
import type { SparseMap } from './sparse-map.ts';

/** Options of {@link readTar}. */
export interface ReadTarOptions {
  /** Creates the error for an archive that is not a tar, or is truncated. */
  readonly corrupt: CorruptionError;
  /** Whether global headers apply to later members, as in tar programs, or are ignored, as in container tools. */
  readonly globalHeaders: 'apply' | 'ignore';
}

/** A member of an archive. Its content must be read before the next member, or is skipped. */
export interface TarEntry {
  readonly member: TarMember;
  /** The stored content; for a sparse file, only its regions. */
  stored(): AsyncGenerator<Buffer>;
  /** The content of the file, with zeros for holes. */
  content(): AsyncGenerator<Buffer>;
}

/** A chunk of a hole. */
const ZEROS = Buffer.alloc(64 * 1024);

/**
 * Reads the members of a tar in order, byte for byte. After the last member, the stream is read to its end.
 * @throws the error of `corrupt` for a malformed archive
 */
export async function* readTar(
  stream: AsyncIterable<Uint8Array>,
  { corrupt, globalHeaders }: ReadTarOptions,
): AsyncGenerator<TarEntry> {
  const reader = new ByteReader(stream, corrupt);
  const globals = globalHeaders === 'apply' ? new Map<string, string>() : undefined;
  try {
    for (let member = await readMember(reader, globals); member; member = await readMember(reader, globals)) {
      const { size, sparse } = member;
      const end = reader.position + size + padding(size);
      yield {
        member,
        stored: () => reader.pass(size),
        content: () => (sparse === undefined ? reader.pass(size) : withHoles(reader, sparse)),
      };
      await reader.skip(end - reader.position);
    }
    await reader.drain();
  } finally {
    await reader.close();
  }
}

async function* withHoles(reader: ByteReader, { realSize, regions }: SparseMap): AsyncGenerator<Buffer> {
  let position = 0;
  for (const [offset, size] of regions) {
    yield* zeros(offset - position);
    yield* reader.pass(size);
    position = offset + size;
  }
  yield* zeros(realSize - position);
}

function* zeros(size: number): Generator<Buffer> {
  for (let left = size; left > 0; left -= ZEROS.length) yield ZEROS.subarray(0, left);
}
