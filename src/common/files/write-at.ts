import type { FileHandle } from 'node:fs/promises';

/** Writes all bytes at an offset: a single write may stop early, for example where the disk is full. */
export async function writeAt(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, offset + done);
    done += bytesWritten;
  }
}
