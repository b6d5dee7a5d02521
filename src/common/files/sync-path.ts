import { open } from 'node:fs/promises';

/** Waits until the content of a file, or the entries of a directory, are on the disk (fsync(2)). */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
