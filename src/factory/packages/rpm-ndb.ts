/** Numbers of rpm's "ndb" are little-endian; positions are in blocks of 16 bytes, slots lie in pages of 4096. */
const BLOCK = 16;
const PAGE = 4096;
const SLOT = 16;
const HEADER = 32;
const MAGIC = { database: 'RpmP', slot: 'Slot', blob: 'BlbS' } as const;

/**
 * The package headers of an rpm database of the format ndb, as SUSE's have (rpm, lib/backend/ndb/rpmpkg.c): a header that
 * tells how many pages of slots follow; each used slot names a package and the blocks that hold its header.
 * @throws RangeError when it is no such database
 */
export function* ndbHeaders(database: Buffer): Generator<Uint8Array> {
  expect(database, 0, MAGIC.database);
  if (database.readUInt32LE(4) !== 0) throw new RangeError('a version of the format that is not known');
  const end = database.readUInt32LE(12) * PAGE;
  for (let slot = HEADER; slot < end; slot += SLOT) {
    expect(database, slot, MAGIC.slot);
    const index = database.readUInt32LE(slot + 4);
    if (index === 0) continue;
    const blob = database.readUInt32LE(slot + 8) * BLOCK;
    expect(database, blob, MAGIC.blob);
    if (database.readUInt32LE(blob + 4) !== index) throw new RangeError('a slot of another package');
    const length = database.readUInt32LE(blob + 12);
    if (blob + BLOCK + length > database.length) throw new RangeError('a package beyond the end of the file');
    yield database.subarray(blob + BLOCK, blob + BLOCK + length);
  }
}

function expect(database: Buffer, at: number, magic: string): void {
  if (database.toString('latin1', at, at + magic.length) !== magic)
    throw new RangeError(`no ${magic} at ${at}`);
}
