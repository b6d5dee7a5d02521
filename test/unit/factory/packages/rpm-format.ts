/** Fields of a package's header, by the reader's names for their tags. */
export interface HeaderFields {
  readonly name: string;
  readonly version: string;
  readonly release: string;
  readonly epoch?: number;
  readonly license?: string;
  readonly vendor?: string;
  readonly url?: string;
  readonly arch?: string;
  readonly sourceRpm?: string;
}

const TAGS = {
  name: [1000, 6],
  version: [1001, 6],
  release: [1002, 6],
  epoch: [1003, 4],
  vendor: [1011, 6],
  license: [1014, 6],
  url: [1020, 9],
  arch: [1022, 6],
  sourceRpm: [1044, 6],
} as const;

/** Builds a header in the form of rpm's databases. */
export function rpmHeader(fields: HeaderFields): Buffer {
  const index: Buffer[] = [];
  const data: Buffer[] = [];
  let offset = 0;
  for (const [key, value] of Object.entries(fields) as [keyof typeof TAGS, string | number][]) {
    const [tag, type] = TAGS[key];
    const bytes = typeof value === 'number' ? numbers('BE', value) : Buffer.from(`${value}\0`);
    index.push(numbers('BE', tag, type, offset, 1));
    data.push(bytes);
    offset += bytes.length;
  }
  return Buffer.concat([numbers('BE', index.length, offset), ...index, ...data]);
}

/** Builds a database in the format ndb with these headers. */
export function ndbDatabase(blobs: readonly Uint8Array[]): Buffer {
  const pages = 1;
  const slots: Buffer[] = [];
  const data: Buffer[] = [];
  let block = (pages * 4096) / 16;
  for (const [at, blob] of blobs.entries()) {
    const index = at + 1;
    const blocks = Math.ceil((16 + blob.length + 12) / 16);
    slots.push(Buffer.concat([Buffer.from('Slot'), numbers('LE', index, block, blocks)]));
    const record = Buffer.alloc(blocks * 16);
    Buffer.concat([Buffer.from('BlbS'), numbers('LE', index, 1, blob.length), blob]).copy(record);
    record.write('BlbE', record.length - 4);
    data.push(record);
    block += blocks;
  }
  const empty = Buffer.concat([Buffer.from('Slot'), numbers('LE', 0, 0, 0)]);
  while (slots.length < (pages * 4096 - 32) / 16) slots.push(empty);
  const header = Buffer.concat([Buffer.from('RpmP'), numbers('LE', 0, 1, pages, blobs.length + 1, 0, 0, 0)]);
  return Buffer.concat([header, ...slots, ...data]);
}

function numbers(order: 'BE' | 'LE', ...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [at, value] of values.entries()) {
    if (order === 'BE') bytes.writeUInt32BE(value, at * 4);
    else bytes.writeUInt32LE(value, at * 4);
  }
  return bytes;
}
