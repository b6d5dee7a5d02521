import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Role } from './boot-stages.ts';

/** A file of the HTTP server. */
export interface PublishedFile {
  /** Its name below the root of the server. */
  readonly name: string;
  readonly role: Role;
  readonly size: number;
  /** Value of the header `ETag`. */
  readonly etag: string;
  /** Some bytes; `end` is the last one. */
  readonly read: (start: number, end: number) => AsyncIterable<Uint8Array>;
}

const CHUNK = 256 * 1024;

/** A file that exists in memory only. */
export function textFile(name: string, role: Role, text: string): PublishedFile {
  const bytes = Buffer.from(text);
  const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`;
  return {
    name,
    role,
    size: bytes.length,
    etag,
    async *read(start, end) {
      yield bytes.subarray(start, end + 1);
    },
  };
}

/**
 * A file that stays open, so that machines get the same bytes even when a build replaces it.
 * @param stack closes it
 */
export async function openFile(
  { name, role, path }: Pick<PublishedFile, 'name' | 'role'> & { readonly path: string },
  stack: AsyncDisposableStack,
): Promise<PublishedFile> {
  const handle = await open(path);
  stack.defer(() => handle.close());
  const { size, mtimeMs } = await handle.stat();
  return {
    name,
    role,
    size,
    etag: `"${size.toString(16)}-${Math.round(mtimeMs).toString(16)}"`,
    read: (start, end) => chunks(handle, start, end),
  };
}

/** Reads at positions: many machines read the same handle at the same time. */
async function* chunks(handle: FileHandle, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let position = start; position <= end; ) {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, end + 1 - position));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) throw new FactoryError('ARTIFACT_CORRUPT', 'the file has become shorter');
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
