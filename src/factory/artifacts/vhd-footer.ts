/** The format counts seconds from 2000-01-01T00:00:00Z. */
const VHD_EPOCH = 946_684_800;
/** Values of the fixed fields. */
const FIXED = {
  features: 2,
  version: 0x0001_0000,
  /** The name of qemu-img with `force_size`: readers take the size, and not the geometry (QEMU, block/vpc.c). */
  creator: 'qem2',
  host: 'Wi2k',
  type: 2,
} as const;

/**
 * The largest geometry. The geometry of most sizes is rounded, so it would give a smaller disk to readers that derive the size from
 * it; of a disk with this one they take the size, as of larger disks, which have none of their own.
 */
const LARGEST = { cylinders: 65_535, heads: 16, sectors: 255 } as const;

/**
 * The footer of a fixed VHD (Microsoft, "Virtual Hard Disk Image Format Specification", version 1.0, "Hard Disk Footer Format").
 * @param disk.size of the disk in bytes, a multiple of 512
 * @param disk.uuid in its usual form
 * @param disk.epoch Unix time of the creation
 */
export function vhdFooter({
  size,
  uuid,
  epoch,
}: {
  readonly size: number;
  readonly uuid: string;
  readonly epoch: number;
}): Buffer {
  const footer = Buffer.alloc(512);
  footer.write('conectix', 0, 'latin1');
  footer.writeUInt32BE(FIXED.features, 8);
  footer.writeUInt32BE(FIXED.version, 12);
  // A fixed disk has no further header.
  footer.fill(0xff, 16, 24);
  footer.writeUInt32BE(Math.max(0, epoch - VHD_EPOCH), 24);
  footer.write(FIXED.creator, 28, 'latin1');
  footer.writeUInt32BE(FIXED.version, 32);
  footer.write(FIXED.host, 36, 'latin1');
  footer.writeBigUInt64BE(BigInt(size), 40);
  footer.writeBigUInt64BE(BigInt(size), 48);
  footer.writeUInt16BE(LARGEST.cylinders, 56);
  footer.writeUInt8(LARGEST.heads, 58);
  footer.writeUInt8(LARGEST.sectors, 59);
  footer.writeUInt32BE(FIXED.type, 60);
  Buffer.from(uuid.replaceAll('-', ''), 'hex').copy(footer, 68);
  footer.writeUInt32BE(checksum(footer), 64);
  return footer;
}

/** The one's complement of the sum of all bytes, while the field of the checksum is zero. */
function checksum(footer: Buffer): number {
  return ~footer.reduce((sum, byte) => sum + byte, 0) >>> 0;
}
