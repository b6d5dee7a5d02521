import type { MediaNode } from './filesystem.ts';

// Microsoft, "FAT: General Overview of On-Disk Format": directory entries, long names.
const ENTRY = 32;
const END = 0x00;
const DELETED = 0xe5;
const LONG_NAME = 0x0f;
const VOLUME = 0x08;
const DIRECTORY = 0x10;
/** Bits that say that the two parts of a short name are in lower case. */
const LOWER_NAME = 0x08;
const LOWER_ENDING = 0x10;

/** The entries of a FAT directory, with their long names. */
export function fatEntries(bytes: Buffer): MediaNode[] {
  const nodes: MediaNode[] = [];
  let long = '';
  for (let at = 0; at + ENTRY <= bytes.length; at += ENTRY) {
    const entry = bytes.subarray(at, at + ENTRY);
    const first = entry.readUInt8(0);
    const attributes = entry.readUInt8(11);
    if (first === END) break;
    if (first === DELETED) continue;
    if (attributes === LONG_NAME) {
      // The last part of the name comes first.
      long = longPart(entry) + (first & 0x40 ? '' : long);
      continue;
    }
    const name = long.replace(/\0.*$/s, '') || shortName(entry);
    long = '';
    if (attributes & VOLUME || ['.', '..', ''].includes(name) || name.includes('/')) continue;
    const isDirectory = (attributes & DIRECTORY) !== 0;
    nodes.push({
      name,
      kind: isDirectory ? 'directory' : 'file',
      size: isDirectory ? 0 : entry.readUInt32LE(28),
      place: entry.readUInt16LE(20) * 65536 + entry.readUInt16LE(26),
    });
  }
  return nodes;
}

function longPart(entry: Buffer): string {
  return [
    [1, 11],
    [14, 26],
    [28, 32],
  ]
    .map(([from, to]) => entry.toString('utf16le', from, to))
    .join('')
    .replaceAll('\uffff', '');
}

function shortName(entry: Buffer): string {
  const flags = entry.readUInt8(12);
  const part = (from: number, to: number, isLower: boolean) => {
    const text = entry.toString('latin1', from, to).trimEnd();
    return isLower ? text.toLowerCase() : text;
  };
  const name = part(0, 8, (flags & LOWER_NAME) !== 0);
  const ending = part(8, 11, (flags & LOWER_ENDING) !== 0);
  return ending === '' ? name : `${name}.${ending}`;
}
