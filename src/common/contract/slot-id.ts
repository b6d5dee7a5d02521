// Kernel documentation, "ext4 Data Structures and Algorithms", Super Block: s_magic, s_uuid.
const MAGIC = { offset: 0x38, value: 0xef53 };
const UUID = { offset: 0x68, length: 16 };

/** Where in a slot's image file the bytes are that {@link slotId} reads. */
export const SUPERBLOCK = { offset: 1024, length: UUID.offset + UUID.length } as const;

/**
 * Identifies the system in a slot: the UUID of its filesystem, as GRUB compares it. Every image that an agent writes gets
 * another one, whichever agent it is.
 * @param superblock the bytes of the image file at {@link SUPERBLOCK}
 * @returns `undefined` if they are not an ext filesystem
 */
export function slotId(superblock: Buffer): string | undefined {
  if (superblock.length < SUPERBLOCK.length) return undefined;
  if (superblock.readUInt16LE(MAGIC.offset) !== MAGIC.value) return undefined;
  return superblock
    .toString('hex', UUID.offset, UUID.offset + UUID.length)
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
