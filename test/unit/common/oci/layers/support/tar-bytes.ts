/** A member of a tar that a test writes; the least of it that differs from a plain file of root's. */
export interface TestMember {
  readonly name: string;
  readonly type?:
    | 'file'
    | 'hard'
    | 'link'
    | 'character'
    | 'block'
    | 'directory'
    | 'pipe'
    | 'sparse'
    | 'global';
  readonly content?: string | Buffer;
  readonly linkName?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly modified?: number;
  readonly device?: readonly [number, number];
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
  sparse: 'S',
  global: 'g',
};

/** Writes a tar, independently of what the agent reads and writes. */
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
    header(member, FLAGS[member.type ?? 'file'], content.length),
    padded(content),
  ];
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
  octal(member.uid ?? 0, 108, 8);
  octal(member.gid ?? 0, 116, 8);
  octal(size, 124, 12);
  octal(member.modified ?? 1_700_000_000, 136, 12);
  block.write(flag, 156, 'latin1');
  block.write(member.linkName ?? '', 157, 100, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  octal(member.device?.[0] ?? 0, 329, 8);
  octal(member.device?.[1] ?? 0, 337, 8);
  block.fill(' ', 148, 156);
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return block;
}
