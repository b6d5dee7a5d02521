/** What an ELF file is made of. */
export interface ElfParts {
  readonly machine?: number;
  readonly interpreter?: string;
  readonly needed?: readonly string[];
  readonly runpath?: string;
  readonly rpath?: string;
  readonly soname?: string;
  /** Lines of the section `.modinfo`. */
  readonly info?: readonly string[];
}

/** A 64-bit little-endian ELF file with the tables that a loader and modprobe read, and no code. */
export function elfFile(file: ElfParts): Buffer {
  const { machine = 62, interpreter, needed = [], runpath, rpath, soname, info = [] } = file;
  const parts: Buffer[] = [];
  let end = 64;
  const put = (content: Buffer) => {
    const at = end;
    parts.push(content);
    end += content.length;
    return { at, size: content.length };
  };
  let strings = '\0';
  const text = (value: string) => {
    const at = strings.length;
    strings += `${value}\0`;
    return at;
  };
  const tags = [
    ...needed.map((name) => [1, text(name)]),
    ...(runpath === undefined ? [] : [[29, text(runpath)]]),
    ...(rpath === undefined ? [] : [[15, text(rpath)]]),
    ...(soname === undefined ? [] : [[14, text(soname)]]),
  ];
  const table = put(Buffer.from(strings));
  const dynamic = put(words([...tags.flat(), 5, table.at, 0, 0]));
  const segments = [segment(2, dynamic)];
  if (interpreter !== undefined) segments.push(segment(3, put(Buffer.from(`${interpreter}\0`))));
  const modinfo = put(Buffer.from(info.map((line) => `${line}\0`).join('')));
  const names = put(Buffer.from('\0.modinfo\0.shstrtab\0'));
  segments.push(segment(1, { at: 0, size: end }));
  const program = put(Buffer.concat(segments));
  const sections = put(
    Buffer.concat([section(0, { at: 0, size: 0 }), section(1, modinfo), section(10, names)]),
  );

  const header = Buffer.alloc(64);
  header.write('\x7fELF\x02\x01\x01', 'latin1');
  header.writeUInt16LE(machine, 18);
  header.writeBigUInt64LE(BigInt(program.at), 32);
  header.writeBigUInt64LE(BigInt(sections.at), 40);
  const halves = [64, 56, segments.length, 64, 3, 2];
  for (const [index, half] of halves.entries()) header.writeUInt16LE(half, 52 + index * 2);
  return Buffer.concat([header, ...parts]);
}

interface Place {
  readonly at: number;
  readonly size: number;
}

function segment(type: number, { at, size }: Place): Buffer {
  return words([type, at, at, at, size, size, 0]);
}

function section(name: number, { at, size }: Place): Buffer {
  return Buffer.concat([words([name, 0, 0, at, size, 0, 0, 0])]);
}

function words(values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 8);
  for (const [index, value] of values.entries()) buffer.writeBigUInt64LE(BigInt(value), index * 8);
  return buffer;
}
