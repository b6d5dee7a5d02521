/** rpm's "ndb" stores little-endian numbers, positions in blocks of 16 bytes, and slots in pages of 4096 bytes. */
const BLOCK = 16;
const PAGE = 4096;
const SLOT = 16;
const HEADER = 32;
const MAGIC = { database: 'RpmP', slot: 'Slot', blob: 'BlbS' } as const;

/**
 * Yields the package headers of an rpm database in the format ndb, which SUSE uses (rpm, lib/backend/ndb/rpmpkg.c): a header
 * with the number of pages of slots; each used slot has a package's index and the position of its header.
 * @throws RangeError when the file is not such a database
 */
export function* ndbHeaders(database: Buffer): Generator<Uint8Array> {
  expect(database, 0, MAGIC.database);
  if (database.readUInt32LE(4) !== 0) throw new RangeError('the version of the format is unknown');
  const end = database.readUInt32LE(12) * PAGE;
  for (let slot = HEADER; slot < end; slot += SLOT) {
    expect(database, slot, MAGIC.slot);
    const index = database.readUInt32LE(slot + 4);
    if (index === 0) continue;
    const blob = database.readUInt32LE(slot + 8) * BLOCK;
    expect(database, blob, MAGIC.blob);
    if (database.readUInt32LE(blob + 4) !== index) throw new RangeError('a slot points to another package');
    const length = database.readUInt32LE(blob + 12);
    if (blob + BLOCK + length > database.length)
      throw new RangeError('a package extends beyond the end of the file');
    yield database.subarray(blob + BLOCK, blob + BLOCK + length);
  }
}

function expect(database: Buffer, at: number, magic: string): void {
  if (database.toString('latin1', at, at + magic.length) !== magic)
    throw new RangeError(`"${magic}" is missing at byte ${at}`);
}
