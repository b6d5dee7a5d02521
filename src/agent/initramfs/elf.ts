/** What a program or a library says about the libraries that it needs. */
export interface Elf {
  /** `e_machine` and class; libraries of another one are not loaded. */
  readonly kind: string;
  /** Path of the dynamic loader. */
  readonly interpreter: string | undefined;
  /** `DT_NEEDED`: names, or paths. */
  readonly needed: readonly string[];
  /** `DT_RUNPATH`, or `DT_RPATH` where there is none; may contain `$ORIGIN`. */
  readonly searched: readonly string[];
  /** Whether that is `DT_RPATH`, which also holds for the libraries of its libraries. */
  readonly isInherited: boolean;
  /** `DT_SONAME`, by which others need it. */
  readonly soname: string | undefined;
}

/** An entry of the program headers or of the section headers. */
interface Range {
  readonly type: number;
  readonly name: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

// gABI: p_type, and d_tag
const SEGMENT = { dynamic: 2, interpreter: 3, load: 1 } as const;
const TAG = { needed: 1, strings: 5, soname: 14, rpath: 15, runpath: 29 } as const;

/** Reads the dynamic section of a program or a library; `undefined` when it is not an ELF file. */
export function readElf(bytes: Uint8Array): Elf | undefined {
  const reader = elfReader(bytes);
  if (reader === undefined) return undefined;
  const segments = reader.segments();
  const interpreter = segments.find(({ type }) => type === SEGMENT.interpreter);
  const tags = segments.filter(({ type }) => type === SEGMENT.dynamic).flatMap(reader.pairs);
  const address = tags.find(([tag]) => tag === TAG.strings)?.[1] ?? 0;
  const load = segments.find(
    (each) => each.type === SEGMENT.load && address >= each.address && address < each.address + each.size,
  );
  const strings = load === undefined ? 0 : load.offset + address - load.address;
  const texts = (wanted: number) =>
    tags.filter(([tag]) => tag === wanted).map(([, at]) => reader.text(strings + at));
  const runpath = texts(TAG.runpath);
  return {
    kind: reader.kind,
    interpreter: interpreter === undefined ? undefined : reader.text(interpreter.offset),
    needed: texts(TAG.needed),
    isInherited: runpath.length === 0,
    soname: texts(TAG.soname)[0],
    searched: (runpath.length > 0 ? runpath : texts(TAG.rpath)).flatMap((list) => list.split(':')),
  };
}

/** The values of a key in a kernel module's section `.modinfo`, such as `firmware`. */
export function moduleInfo(bytes: Uint8Array, key: string): string[] {
  const reader = elfReader(bytes);
  const section = reader?.sections().find(({ name }) => name === '.modinfo');
  if (section === undefined) return [];
  const text = Buffer.from(bytes.subarray(section.offset, section.offset + section.size)).toString('latin1');
  const lines = text.split('\0').filter((line) => line.startsWith(`${key}=`));
  return lines.map((line) => line.slice(key.length + 1));
}

function elfReader(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 64 || view.getUint32(0) !== 0x7f454c46) return undefined;
  const wide = bytes[4] === 2;
  const little = bytes[5] !== 2;
  const half = (at: number) => view.getUint16(at, little);
  const word = (at: number) => view.getUint32(at, little);
  const long = (at: number) => (wide ? Number(view.getBigUint64(at, little)) : word(at));
  const text = (at: number) => {
    const end = bytes.indexOf(0, at);
    return Buffer.from(bytes.subarray(at, end < 0 ? bytes.length : end)).toString('utf8');
  };
  const table = (at: number, size: number, count: number) =>
    Array.from({ length: count }, (_, index) => at + index * size).filter(
      (entry) => entry + size <= bytes.length,
    );

  const segment = (at: number): Range =>
    wide
      ? { type: word(at), name: 0, offset: long(at + 8), address: long(at + 16), size: long(at + 32) }
      : { type: word(at), name: 0, offset: word(at + 4), address: word(at + 8), size: word(at + 16) };
  const section = (at: number): Range =>
    wide
      ? {
          name: word(at),
          type: word(at + 4),
          address: long(at + 16),
          offset: long(at + 24),
          size: long(at + 32),
        }
      : {
          name: word(at),
          type: word(at + 4),
          address: word(at + 12),
          offset: word(at + 16),
          size: word(at + 20),
        };

  const [phoff, shoff] = wide ? [long(32), long(40)] : [word(28), word(32)];
  const sizes = wide ? 54 : 42;
  return {
    kind: `${half(18)}-${wide ? 64 : 32}`,
    text,
    segments: () => table(phoff, half(sizes), half(sizes + 2)).map(segment),
    sections: () => {
      const all = table(shoff, half(sizes + 4), half(sizes + 6)).map(section);
      const names = all[half(sizes + 8)]?.offset ?? 0;
      return all.map((each) => ({ ...each, name: text(names + each.name) }));
    },
    /** The entries of a dynamic section: tag and value. */
    pairs: ({ offset, size }: Range): [number, number][] => {
      const step = wide ? 16 : 8;
      return table(offset, step, Math.floor(size / step)).map((at) => [long(at), long(at + step / 2)]);
    },
  };
}
