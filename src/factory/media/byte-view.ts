import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { corruptArtifact } from './corrupt-artifact.ts';

/** Bytes that can be read at any position: a file, a part of one, or what a format stores in one. */
export interface ByteView {
  /** What it is, for messages. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** @throws FactoryError `verification` when the view ends before `start + length`, or its format is broken there */
  read(start: number, length: number): Promise<Buffer>;
}

/** Bytes to read at a time from a large view. */
const CHUNK = 1024 * 1024;

/** Opens a file for reading in place. @throws the error of the filesystem when it cannot be opened */
export async function openFileView(path: string, name = path): Promise<ByteView & AsyncDisposable> {
  const handle = await open(path, 'r');
  const { size } = await handle.stat();
  return {
    name,
    size,
    read: async (start, length) => {
      requireInside({ name, size }, start, length);
      const bytes = Buffer.alloc(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await handle.read(bytes, filled, length - filled, start + filled);
        if (bytesRead === 0) throw corruptArtifact(name, 'it became shorter while it was read');
        filled += bytesRead;
      }
      return bytes;
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/** A part of a view. @throws FactoryError `verification` when it reaches beyond the end of `view` */
export function partOf(
  view: ByteView,
  { name, start, size }: { readonly name: string; readonly start: number; readonly size: number },
): ByteView {
  requireInside(view, start, size);
  return {
    name,
    size,
    read: (at, length) => {
      requireInside({ name, size }, at, length);
      return view.read(start + at, length);
    },
  };
}

/** @throws FactoryError `verification` when a range is not inside a view */
export function requireInside(
  { name, size }: Pick<ByteView, 'name' | 'size'>,
  start: number,
  length: number,
): void {
  const isSafe = Number.isSafeInteger(start) && Number.isSafeInteger(length) && start >= 0 && length >= 0;
  if (isSafe && start + length <= size) return;
  throw corruptArtifact(name, `it ends after ${size} bytes, but something in it is said to be at ${start}`);
}

/** Yields a whole view in chunks. */
export async function* chunksOf(view: ByteView): AsyncGenerator<Buffer> {
  for (let at = 0; at < view.size; at += CHUNK) yield view.read(at, Math.min(CHUNK, view.size - at));
}

/** Copies a view into a new file. */
export async function copyView(view: ByteView, file: string): Promise<void> {
  await pipeline(chunksOf(view), createWriteStream(file, { flags: 'wx', mode: 0o600 }));
}
