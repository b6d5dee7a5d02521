import { decodeFileName } from '../../common/files/file-name.ts';
import { type ByteView, partOf } from './byte-view.ts';
import { cachedView } from './cached-view.ts';
import { corruptArtifact } from './corrupt-artifact.ts';
import { DIRECTORY_LIMIT, type Filesystem, type MediaNode } from './filesystem.ts';

// ECMA-119: volume descriptors, directory records. IEEE P1282: Rock Ridge, the entry NM.
const SECTOR = 2048;
const DESCRIPTOR = 16 * SECTOR;
const DIRECTORY = 0x02;
/** Fields of a directory record, and of the volume descriptor. */
const EXTENT = 2;
const LENGTH = 10;
const FLAGS = 25;
const NAME_LENGTH = 32;
const NAME = 33;
const ROOT = 156;

/** Opens an ISO 9660 filesystem, with the names of Rock Ridge. @throws FactoryError `verification` when it is broken */
export async function openIso(bytes: ByteView): Promise<Filesystem> {
  const view = cachedView(bytes);
  const descriptor = await view.read(DESCRIPTOR, SECTOR);
  if (descriptor.toString('latin1', 1, 6) !== 'CD001') throw corruptArtifact(view.name, 'it is not an ISO');
  const total = descriptor.readUInt32LE(80) * SECTOR;
  if (total > view.size)
    throw corruptArtifact(
      view.name,
      `it has ${view.size} bytes, and its filesystem ${total}: it is cut short`,
    );
  const sizes = new Map<number, number>();
  const root = descriptor.subarray(ROOT, ROOT + 34);
  sizes.set(root.readUInt32LE(EXTENT), root.readUInt32LE(LENGTH));
  const content = (place: number, size: number) =>
    partOf(view, { name: view.name, start: place * SECTOR, size });
  return {
    type: 'iso9660',
    label: descriptor.toString('latin1', 40, 72).trimEnd(),
    root: { name: '', kind: 'directory', size: 0, place: root.readUInt32LE(EXTENT) },
    children: async ({ place }) => {
      const size = sizes.get(place) ?? 0;
      if (size > DIRECTORY_LIMIT) throw corruptArtifact(view.name, 'a directory is too large');
      return recordsIn(await content(place, size).read(0, size), view.name).map((record) => {
        const node = nodeOf(record);
        if (node.kind === 'directory') sizes.set(node.place, record.readUInt32LE(LENGTH));
        return node;
      });
    },
    open: async ({ place, size }) => content(place, size),
  };
}

/** The records of a directory but the first two, which are itself and its parent. */
function recordsIn(bytes: Buffer, name: string): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt8(at);
    // No record crosses a sector.
    if (length === 0) {
      at = (Math.floor(at / SECTOR) + 1) * SECTOR;
      continue;
    }
    const record = bytes.subarray(at, at + length);
    if (record.length < NAME + 1 || NAME + record.readUInt8(NAME_LENGTH) > record.length)
      throw corruptArtifact(name, 'a directory has a broken record');
    records.push(record);
    at += length;
  }
  return records.slice(2);
}

function nodeOf(record: Buffer): MediaNode {
  const end = NAME + record.readUInt8(NAME_LENGTH);
  const plain = record.toString('latin1', NAME, end).replace(/\.?;\d+$/, '');
  const isDirectory = (record.readUInt8(FLAGS) & DIRECTORY) !== 0;
  return {
    name: rockRidgeName(record.subarray(end + (end % 2 === 0 ? 0 : 1))) || plain,
    kind: isDirectory ? 'directory' : 'file',
    size: isDirectory ? 0 : record.readUInt32LE(LENGTH),
    place: record.readUInt32LE(EXTENT),
  };
}

/** The name in the system use area, which has entries of a signature, a length, a version and data. */
function rockRidgeName(area: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at + 4 <= area.length; ) {
    const length = area.readUInt8(at + 2);
    if (length < 4) break;
    if (area.toString('latin1', at, at + 2) === 'NM') parts.push(area.subarray(at + 5, at + length));
    at += length;
  }
  return decodeFileName(Buffer.concat(parts)).replaceAll('/', '');
}
