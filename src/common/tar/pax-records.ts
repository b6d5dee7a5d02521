import { decimal } from './header-fields.ts';
import { MalformedTar } from './malformed.ts';

/** A record of an extended header; key and value have one character per byte. */
export type PaxRecord = readonly [key: string, value: string];

/**
 * Parses an extended header: records `LENGTH KEY=VALUE\n`, whose length includes itself (POSIX.1-2024, "pax Header
 * Block").
 * @throws MalformedTar for malformed records
 */
export function parseRecords(content: Buffer): PaxRecord[] {
  const records: PaxRecord[] = [];
  for (let start = 0; start < content.length; ) {
    const space = content.indexOf(0x20, start);
    const end = start + decimal(content.toString('latin1', start, Math.max(space, start)));
    const equals = content.indexOf(0x3d, space);
    if (space < 0 || equals < 0 || equals >= end || end > content.length || content[end - 1] !== 0x0a) {
      throw new MalformedTar('an extended header is malformed');
    }
    records.push([
      content.toString('latin1', space + 1, equals),
      content.toString('latin1', equals + 1, end - 1),
    ]);
    start = end;
  }
  return records;
}

/** Encodes the records of an extended header, byte for byte. */
export function encodeRecords(records: readonly PaxRecord[]): Buffer {
  return Buffer.concat(records.map(encodeRecord));
}

function encodeRecord([key, value]: PaxRecord): Buffer {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  // The length includes its own digits.
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.from(`${length}${rest}`, 'latin1');
}
