/** Berkeley DB, "db_page.h": sizes of page headers and entries, in bytes. */
const PAGE_HEADER = 26;
const OFF_PAGE_ENTRY = 12;
/** Magic number and version range of hash databases. */
const HASH_MAGIC = 0x061561;
/** Types of pages. */
const PAGE = { hashUnsorted: 2, overflow: 7, hash: 13 } as const;
/** Type of an entry whose content is on overflow pages. Headers of packages never fit on a page. */
const OFF_PAGE = 3;

/**
 * Yields the package headers of an rpm database in the hash format of Berkeley DB, which rpm wrote before 2021 (RHEL 8, Amazon
 * Linux 2): pairs of keys and headers on hash pages, the headers in chains of overflow pages.
 * @throws RangeError when the file is not such a database
 */
export function* bdbHeaders(database: Buffer): Generator<Uint8Array> {
  const read = byteOrder(database);
  const pageSize = read.u32(20);
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0)
    throw new RangeError(`a page has ${pageSize} bytes`);
  const pages = Math.floor(database.length / pageSize);
  for (let page = 0; page < pages; page += 1) {
    const start = page * pageSize;
    const type = database.readUInt8(start + 25);
    if (page === 0 || (type !== PAGE.hash && type !== PAGE.hashUnsorted)) continue;
    const entries = read.u16(start + 20);
    if (PAGE_HEADER + 2 * entries > pageSize) throw new RangeError(`page ${page} has ${entries} entries`);
    // Keys and values take turns.
    for (let index = 1; index < entries; index += 2) {
      const at = read.u16(start + PAGE_HEADER + 2 * index);
      if (at + OFF_PAGE_ENTRY > pageSize || database.readUInt8(start + at) !== OFF_PAGE) continue;
      const place = { first: read.u32(start + at + 4), length: read.u32(start + at + 8) };
      yield overflow(database, { ...place, read, pageSize, pages });
    }
  }
}

interface Numbers {
  readonly u16: (at: number) => number;
  readonly u32: (at: number) => number;
}

/** The byte order is that of the machine that made the database. */
function byteOrder(database: Buffer): Numbers {
  if (database.length < 512) throw new RangeError('it is cut short');
  if (database.readUInt32LE(12) === HASH_MAGIC)
    return { u16: (at) => database.readUInt16LE(at), u32: (at) => database.readUInt32LE(at) };
  if (database.readUInt32BE(12) === HASH_MAGIC)
    return { u16: (at) => database.readUInt16BE(at), u32: (at) => database.readUInt32BE(at) };
  throw new RangeError('it is not a hash database of Berkeley DB');
}

interface Chain {
  readonly read: Numbers;
  readonly pageSize: number;
  /** Number of pages of the database. */
  readonly pages: number;
  readonly first: number;
  readonly length: number;
}

/** Joins the content of a chain of overflow pages. */
function overflow(database: Buffer, { read, pageSize, pages, first, length }: Chain): Buffer {
  const parts: Buffer[] = [];
  let missing = length;
  for (let page = first; missing > 0; ) {
    const start = page * pageSize;
    // A chain in a circle ends here, too: every page takes some of what is missing.
    if (page === 0 || page >= pages || database.readUInt8(start + 25) !== PAGE.overflow)
      throw new RangeError(`page ${page} is not part of a header`);
    const next = read.u32(start + 16);
    const size = next === 0 ? read.u16(start + 22) : pageSize - PAGE_HEADER;
    if (size === 0 || size > pageSize - PAGE_HEADER) throw new RangeError(`page ${page} has ${size} bytes`);
    const part = database.subarray(start + PAGE_HEADER, start + PAGE_HEADER + Math.min(size, missing));
    parts.push(part);
    missing -= part.length;
    page = next;
  }
  return Buffer.concat(parts);
}
