/** Numbers of elf(5), of 64-bit files. */
const PROGRAM_HEADERS = 32;
const PROGRAM_HEADER_SIZE = 54;
const PROGRAM_HEADER_COUNT = 56;
const PT = { load: 1, dynamic: 2, interp: 3 };
const DT = { hash: 4n, strtab: 5n, rpath: 15n, debug: 21n, gnuHash: 0x6ffffef5n };
const PF_WRITE = 2;
const DYNAMIC_ENTRY = 16;

interface Segment {
  readonly type: number;
  readonly flags: number;
  /** Where its header is in the file. */
  readonly header: number;
  readonly offset: number;
  readonly address: bigint;
  readonly size: number;
}

/**
 * Returns a program that is started by `DIRECTORY/ld.so` and finds its libraries in `DIRECTORY` before anywhere else.
 *
 * Nothing moves: the two strings go into the gap that the linker leaves after a loaded segment, and the entry for them
 * takes the place of the old hash table's, which is not used beside the GNU one, or else of the one for debuggers.
 * @param directory of the C library
 * @param further directories for the libraries of the program
 * @throws Error when the program has no such gap or tables
 */
export function setInterpreter(
  program: Uint8Array,
  directory: string,
  further: readonly string[] = [],
): Buffer {
  const changed = Buffer.from(program);
  const segments = segmentsOf(changed);
  const interpreter = segments.find(({ type }) => type === PT.interp);
  const dynamic = segments.find(({ type }) => type === PT.dynamic);
  if (!interpreter || !dynamic) throw new Error('the program is not dynamically linked');

  const strings = Buffer.from(`${directory}/ld.so\0${[directory, ...further].join(':')}\0`);
  const gap = segments.find((segment) => hasRoom(changed, segments, { segment, length: strings.length }));
  if (gap === undefined) throw new Error('the program has no room after a loaded segment');
  const end = gap.offset + gap.size;
  strings.copy(changed, end);
  resize(changed, gap, gap.size + strings.length);
  const address = gap.address + BigInt(gap.size);
  const path = `${directory}/ld.so\0`.length;
  move(changed, interpreter, { offset: end, address, size: path });

  const entries = dynamicEntries(changed, dynamic);
  const stringTable = entries.get(DT.strtab);
  const unused = (entries.has(DT.gnuHash) ? entries.get(DT.hash) : undefined) ?? entries.get(DT.debug);
  if (!stringTable || !unused) throw new Error('the program has no entry that can be replaced');
  changed.writeBigUInt64LE(DT.rpath, unused.at);
  changed.writeBigUInt64LE(address + BigInt(path) - stringTable.value, unused.at + 8);
  return changed;
}

/** Whether a loaded segment that nobody writes to can be extended: the file has nothing between it and the next one. */
function hasRoom(
  file: Buffer,
  segments: readonly Segment[],
  { segment, length }: { readonly segment: Segment; readonly length: number },
): boolean {
  if (segment.type !== PT.load || (segment.flags & PF_WRITE) !== 0) return false;
  const end = segment.offset + segment.size;
  const later = segments.filter(({ type, offset }) => type === PT.load && offset > segment.offset);
  if (later.length === 0 || end + length > Math.min(...later.map(({ offset }) => offset))) return false;
  return file.subarray(end, end + length).every((byte) => byte === 0);
}

function segmentsOf(file: Buffer): Segment[] {
  if (file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1)
    throw new Error('not a 64-bit ELF file');
  const start = Number(file.readBigUInt64LE(PROGRAM_HEADERS));
  const size = file.readUInt16LE(PROGRAM_HEADER_SIZE);
  return Array.from({ length: file.readUInt16LE(PROGRAM_HEADER_COUNT) }, (_, index) => {
    const header = start + index * size;
    return {
      type: file.readUInt32LE(header),
      flags: file.readUInt32LE(header + 4),
      header,
      offset: Number(file.readBigUInt64LE(header + 8)),
      address: file.readBigUInt64LE(header + 16),
      size: Number(file.readBigUInt64LE(header + 32)),
    };
  });
}

function resize(file: Buffer, { header }: Segment, size: number): void {
  file.writeBigUInt64LE(BigInt(size), header + 32);
  file.writeBigUInt64LE(BigInt(size), header + 40);
}

function move(file: Buffer, segment: Segment, to: Pick<Segment, 'offset' | 'address' | 'size'>): void {
  file.writeBigUInt64LE(BigInt(to.offset), segment.header + 8);
  file.writeBigUInt64LE(to.address, segment.header + 16);
  file.writeBigUInt64LE(to.address, segment.header + 24);
  resize(file, segment, to.size);
}

function dynamicEntries(
  file: Buffer,
  { offset, size }: Segment,
): Map<bigint, { readonly at: number; readonly value: bigint }> {
  const entries = new Map<bigint, { readonly at: number; readonly value: bigint }>();
  for (let at = offset; at < offset + size; at += DYNAMIC_ENTRY) {
    entries.set(file.readBigUInt64LE(at), { at, value: file.readBigUInt64LE(at + 8) });
  }
  return entries;
}
