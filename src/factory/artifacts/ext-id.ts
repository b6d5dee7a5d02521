import { open } from 'node:fs/promises';
import { SUPERBLOCK, slotId } from '../../common/contract/slot-id.ts';

/** Reads the id of the system in an image file; `undefined` if it is not an ext filesystem. */
export async function extId(file: string): Promise<string | undefined> {
  await using handle = await open(file, 'r');
  const superblock = Buffer.alloc(SUPERBLOCK.length);
  await handle.read(superblock, 0, SUPERBLOCK.length, SUPERBLOCK.offset);
  return slotId(superblock);
}
