import type { Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { storedExtents } from '../tools/qemu-img.ts';
import type { ArtifactContext } from './artifact.ts';

/** Bytes to read at a time, a multiple of {@link UNIT}. */
const CHUNK = 4 * 1024 * 1024;
/**
 * Zeros are left out in units of this size, whether or not the filesystem stores them: filesystems store equal files in
 * different parts. Smaller units make longer lists, larger ones more zeros.
 */
const UNIT = 64 * 1024;
const ZEROS = Buffer.alloc(CHUNK);

/** A part of a disk's content. */
export interface DiskPart {
  readonly offset: number;
  /** Not overwritten later. */
  readonly bytes: Buffer;
}

/**
 * Reads a raw disk in ascending order without its zeros, of which holes are not even read. Equal disks give equal parts.
 * @throws FactoryError `step` when qemu-img fails, the reason of the signal when aborted
 */
export async function* diskContent(
  raw: string,
  { runner, signal }: Pick<ArtifactContext, 'runner' | 'signal'>,
): AsyncGenerator<DiskPart> {
  await using handle = await open(raw);
  const { size } = await handle.stat();
  for (const [start, end] of wholeUnits(await storedExtents(runner, raw), size)) {
    for (let offset = start; offset < end; offset += CHUNK) {
      signal.throwIfAborted();
      const buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK, end - offset));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
      yield* partsOf(buffer.subarray(0, bytesRead), offset);
    }
  }
}

/** Widens extents to whole units, and joins those that touch then. */
function wholeUnits(
  extents: readonly (readonly [offset: number, size: number])[],
  size: number,
): [start: number, end: number][] {
  const joined: [start: number, end: number][] = [];
  for (const [offset, length] of extents) {
    const start = Math.floor(offset / UNIT) * UNIT;
    const end = Math.min(Math.ceil((offset + length) / UNIT) * UNIT, size);
    const last = joined.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else joined.push([start, end]);
  }
  return joined;
}

/** The runs of units that are not zero. */
function* partsOf(buffer: Buffer, offset: number): Generator<DiskPart> {
  let run = 0;
  for (let at = 0; at <= buffer.length; at += UNIT) {
    const unit = buffer.subarray(at, at + UNIT);
    if (unit.length > 0 && !unit.equals(ZEROS.subarray(0, unit.length))) continue;
    if (at > run) yield { offset: offset + run, bytes: buffer.subarray(run, Math.min(at, buffer.length)) };
    run = at + UNIT;
  }
  if (run < buffer.length) yield { offset: offset + run, bytes: buffer.subarray(run) };
}

/** Updates a hash with zeros. */
export function hashZeros(hash: Hash, size: number): void {
  for (let left = size; left > 0; left -= CHUNK) hash.update(ZEROS.subarray(0, Math.min(CHUNK, left)));
}
