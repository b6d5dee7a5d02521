/** A member of a tar that a test writes; the least of it that differs from a plain file of root's. */
export interface TestMember {
  readonly name: string;
  readonly type?: 'file' | 'hard' | 'link' | 'character' | 'block' | 'directory' | 'pipe' | 'global';
  readonly content?: string | Buffer;
  readonly linkName?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly modified?: number;
  readonly device?: readonly [number, number];
  /** The type flag, for kinds that have no word here. */
  readonly flag?: string;
  /** The directory part of a long ustar name. */
  readonly prefix?: string;
  /** Writes owner and time as GNU tar does when they do not fit. */
  readonly base256?: boolean;
  /** A map in GNU's old format; the content is that of the regions. */
  readonly sparse?: {
    readonly realSize: number;
    readonly regions: readonly (readonly [offset: number, size: number])[];
  };
  /** Records of an extended header; values are bytes, one per character. */
  readonly pax?: Readonly<Record<string, string>>;
}

const FLAGS = {
  file: '0',
  hard: '1',
  link: '2',
  character: '3',
  block: '4',
  directory: '5',
  pipe: '6',
  global: 'g',
};

/** Members that hold one long name or link target before another member, as GNU tar writes them. */
export function gnuLong(flag: 'L' | 'K', text: string): TestMember {
  return { name: '././@LongLink', flag, content: Buffer.from(`${text}\0`, 'latin1') };
}

/** Writes a tar, names as one byte per character, independently of what the product reads and writes. */
export function tarBytes(members: readonly TestMember[]): Buffer {
  return Buffer.concat([...members.flatMap(memberBytes), Buffer.alloc(1024)]);
}

function memberBytes(member: TestMember): Buffer[] {
  const content = Buffer.from(member.content ?? '');
  const records = Object.entries(member.pax ?? {}).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    let length = rest.length + 2;
    while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
    return Buffer.from(`${length}${rest}`, 'latin1');
  });
  const pax = Buffer.concat(records);
  return [
    ...(pax.length > 0 ? [header({ name: 'pax' }, 'x', pax.length), padded(pax)] : []),
    header(member, member.flag ?? (member.sparse ? 'S' : FLAGS[member.type ?? 'file']), content.length),
    ...sparseBlocks(member.sparse?.regions.slice(4) ?? []),
    padded(content),
  ];
}

/** Blocks of 21 regions each, which follow a header with four. */
function sparseBlocks(regions: readonly (readonly [number, number])[]): Buffer[] {
  if (regions.length === 0) return [];
  const block = Buffer.alloc(512);
  writeRegions(block, 0, regions.slice(0, 21));
  block[504] = regions.length > 21 ? 1 : 0;
  return [block, ...sparseBlocks(regions.slice(21))];
}

function writeRegions(block: Buffer, start: number, regions: readonly (readonly [number, number])[]): void {
  for (const [index, region] of regions.entries()) {
    for (const [half, value] of region.entries()) {
      block.write(value.toString(8).padStart(11, '0'), start + index * 24 + half * 12, 'latin1');
    }
  }
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

function header(member: TestMember, flag: string, size: number): Buffer {
  const block = Buffer.alloc(512);
  const octal = (value: number, start: number, length: number) =>
    block.write(value.toString(8).padStart(length - 1, '0'), start, 'latin1');
  block.write(member.name, 0, 100, 'latin1');
  octal(member.mode ?? (flag === '5' ? 0o755 : 0o644), 100, 8);
  const number = (value: number, start: number, length: number) => {
    if (member.base256 !== true) {
      octal(value, start, length);
      return;
    }
    // Two's complement, the first bit set.
    block.writeBigInt64BE(BigInt(value), start + length - 8);
    if (length > 8) block.fill(value < 0 ? 0xff : 0, start, start + length - 8);
    block[start] = (block[start] ?? 0) | 0x80;
  };
  number(member.uid ?? 0, 108, 8);
  number(member.gid ?? 0, 116, 8);
  octal(size, 124, 12);
  number(member.modified ?? 1_700_000_000, 136, 12);
  block.write(flag, 156, 'latin1');
  block.write(member.linkName ?? '', 157, 100, 'latin1');
  const isGnu = member.sparse !== undefined || member.base256 === true;
  block.write(isGnu ? 'ustar  \0' : 'ustar\x0000', 257, 'latin1');
  block.write(member.prefix ?? '', 345, 'latin1');
  octal(member.device?.[0] ?? 0, 329, 8);
  octal(member.device?.[1] ?? 0, 337, 8);
  if (member.sparse) {
    writeRegions(block, 386, member.sparse.regions.slice(0, 4));
    block[482] = member.sparse.regions.length > 4 ? 1 : 0;
    octal(member.sparse.realSize, 483, 12);
  }
  block.fill(' ', 148, 156);
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return block;
}
