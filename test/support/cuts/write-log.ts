import { open } from 'node:fs/promises';

/** What a disk was asked to do, in order. */
export type Entry =
  | { readonly kind: 'flush'; readonly end: number }
  | {
      readonly kind: 'write';
      /** Bytes from the start of the disk. */
      readonly at: number;
      readonly length: number;
      /** Where the log has the content. */
      readonly source: number;
      /** Where the entry ends in the log. */
      readonly end: number;
    };

/** Size of a header, and the unit of places (`log-sector-size`). */
const SECTOR = 512;
/** Flags of an entry (kernel, Documentation/admin-guide/device-mapper/log-writes.rst). */
const FLAG = { flush: 1n, fua: 2n, discard: 4n };

/**
 * Reads a log of QEMU's driver `blklogwrites`, which has the format of dm-log-writes: after a sector with the superblock, each
 * entry is a sector with its header, and the content. A discard loses nothing, so it is left out.
 * @param end where to stop: the machine may be writing the rest
 */
export async function readLog(log: string, end: number): Promise<Entry[]> {
  const handle = await open(log, 'r');
  try {
    const entries: Entry[] = [];
    const header = Buffer.alloc(SECTOR);
    for (let place = SECTOR; place + SECTOR <= end; ) {
      await handle.read(header, 0, SECTOR, place);
      const [sector, sectors, flags] = [0, 8, 16].map((offset) => header.readBigUInt64LE(offset));
      const length = (flags ?? 0n) & FLAG.discard ? 0 : Number(sectors) * SECTOR;
      const source = place + SECTOR;
      place = source + length;
      if (place > end) break;
      if (length > 0)
        entries.push({ kind: 'write', at: Number(sector) * SECTOR, length, source, end: place });
      if ((flags ?? 0n) & (FLAG.flush | FLAG.fua)) entries.push({ kind: 'flush', end: place });
    }
    return entries;
  } finally {
    await handle.close();
  }
}
