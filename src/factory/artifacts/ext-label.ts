import { open } from 'node:fs/promises';

// Kernel documentation, "ext4 Data Structures and Algorithms", Super Block: s_volume_name.
const LABEL_OFFSET = 1024 + 0x78;
const LABEL_LENGTH = 16;

/** Sets the label of an ext2 filesystem without checksums in place, like `tune2fs -L`, but without updating its timestamps. */
export async function setExtLabel(file: string, label: string): Promise<void> {
  const name = Buffer.alloc(LABEL_LENGTH);
  name.write(label, 'ascii');
  const handle = await open(file, 'r+');
  try {
    await handle.write(name, 0, LABEL_LENGTH, LABEL_OFFSET);
  } finally {
    await handle.close();
  }
}
