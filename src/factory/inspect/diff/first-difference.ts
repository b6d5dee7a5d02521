import type { PathLike } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** The position at which two files start to differ. */
export interface Difference {
  /** Offset of the first differing byte; the length of the shorter file when the longer one starts with it. */
  readonly offset: number;
}

const CHUNK = 4 * 1024 * 1024;

/** Compares two files byte by byte. @returns nothing when they are equal @throws when a file cannot be read */
export async function firstDifference(
  a: PathLike,
  b: PathLike,
  signal?: AbortSignal,
): Promise<Difference | undefined> {
  await using one = await open(a);
  await using other = await open(b);
  const left = Buffer.allocUnsafe(CHUNK);
  const right = Buffer.allocUnsafe(CHUNK);
  for (let position = 0; ; position += CHUNK) {
    signal?.throwIfAborted();
    const [leftLength, rightLength] = await Promise.all([
      fill(one, left, position),
      fill(other, right, position),
    ]);
    const common = Math.min(leftLength, rightLength);
    if (left.compare(right, 0, common, 0, common) !== 0) {
      let index = 0;
      while (left[index] === right[index]) index += 1;
      return { offset: position + index };
    }
    if (leftLength !== rightLength) return { offset: position + common };
    if (leftLength < CHUNK) return undefined;
  }
}

/** Reads until the buffer is full or the file ends. */
async function fill(file: FileHandle, buffer: Buffer, position: number): Promise<number> {
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, position + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return length;
}
