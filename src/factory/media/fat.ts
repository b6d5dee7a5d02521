import { type ByteView, requireInside } from './byte-view.ts';
import { cachedView } from './cached-view.ts';
import { corruptArtifact } from './corrupt-artifact.ts';
import { fatEntries } from './fat-entries.ts';
import { DIRECTORY_LIMIT, type Filesystem, type MediaNode } from './filesystem.ts';

// Microsoft, "FAT: General Overview of On-Disk Format".
/** Clusters from which on a filesystem is FAT16, or FAT32. */
const FAT16_CLUSTERS = 4085;
const FAT32_CLUSTERS = 65525;

interface Geometry {
  readonly view: ByteView;
  readonly cluster: number;
  readonly bits: 12 | 16 | 32;
  readonly table: number;
  readonly clusters: number;
  /** Position of cluster 2. */
  readonly data: number;
}

/** Whether the first bytes are those of a FAT filesystem. */
export function isFat(head: Buffer): boolean {
  return /^FAT1[26]/.test(head.toString('latin1', 54, 62)) || head.toString('latin1', 82, 87) === 'FAT32';
}

/** Opens a FAT12, FAT16 or FAT32 filesystem. @throws FactoryError `verification` when it is broken */
export async function openFat(bytes: ByteView): Promise<Filesystem> {
  const view = cachedView(bytes);
  const boot = await view.read(0, 512);
  const sector = boot.readUInt16LE(11);
  const reserved = boot.readUInt16LE(14);
  const rootSectors = Math.ceil((boot.readUInt16LE(17) * 32) / (sector || 1));
  const tableSectors = boot.readUInt16LE(22) || boot.readUInt32LE(36);
  const total = boot.readUInt16LE(19) || boot.readUInt32LE(32);
  const rootStart = reserved + boot.readUInt8(16) * tableSectors;
  const cluster = sector * boot.readUInt8(13);
  if (![512, 1024, 2048, 4096].includes(sector) || cluster === 0 || tableSectors === 0)
    throw corruptArtifact(view.name, 'its first sector has impossible values');
  const clusters = Math.floor(((total - rootStart - rootSectors) * sector) / cluster);
  const bits = clusters < FAT16_CLUSTERS ? 12 : clusters < FAT32_CLUSTERS ? 16 : 32;
  if (total * sector > view.size)
    throw corruptArtifact(
      view.name,
      `it has ${view.size} bytes, and its filesystem ${total * sector}: it is cut short`,
    );
  const disk = {
    view,
    cluster,
    bits,
    clusters,
    table: reserved * sector,
    data: (rootStart + rootSectors) * sector,
  } as const;
  const at = bits === 32 ? 71 : 43;
  const root = bits === 32 ? boot.readUInt32LE(44) : 0;
  const content = async ({ place, size }: Pick<MediaNode, 'place' | 'size'>, isDirectory: boolean) => {
    if (place !== 0) return chain(disk, place, isDirectory ? undefined : size);
    const length = isDirectory ? rootSectors * sector : 0;
    return view.read(rootStart * sector, length);
  };
  return {
    type: 'vfat',
    label: boot.toString('latin1', at, at + 11).trim(),
    uuid: boot
      .toString('hex', at - 4, at)
      .toUpperCase()
      .replace(/(..)(..)(..)(..)/, '$4$3-$2$1'),
    root: { name: '', kind: 'directory', size: 0, place: root },
    children: async (directory) => fatEntries(await content(directory, true)),
    open: async (file) => {
      const bytes = await content(file, false);
      const { name } = view;
      return {
        name,
        size: bytes.length,
        read: async (start, length) => {
          requireInside({ name, size: bytes.length }, start, length);
          return bytes.subarray(start, start + length);
        },
      };
    },
  };
}

/** Reads a chain of clusters. @param size of the content; to the end of the chain when absent, as for directories */
async function chain(disk: Geometry, first: number, size: number | undefined): Promise<Buffer> {
  const { view, cluster, clusters, data } = disk;
  const limit = size ?? DIRECTORY_LIMIT;
  if (size !== undefined && size > view.size)
    throw corruptArtifact(view.name, 'a file is larger than its filesystem');
  const parts: Buffer[] = [];
  let number: number | undefined = first;
  for (let length = 0; number !== undefined && length < limit; length += cluster) {
    if (number < 2 || number >= clusters + 2)
      throw corruptArtifact(view.name, 'a chain of clusters is broken');
    parts.push(await view.read(data + (number - 2) * cluster, cluster));
    number = await next(disk, number);
  }
  const bytes = Buffer.concat(parts);
  if (size !== undefined && bytes.length < size) throw corruptArtifact(view.name, 'a file is cut short');
  return size === undefined ? bytes : bytes.subarray(0, size);
}

/** The cluster after another one; `undefined` at the end of a chain. */
async function next({ view, bits, table }: Geometry, number: number): Promise<number | undefined> {
  if (bits === 12) {
    const word = (await view.read(table + number + (number >> 1), 2)).readUInt16LE(0);
    const value = number % 2 === 0 ? word & 0xfff : word >> 4;
    return value >= 0xff8 ? undefined : value;
  }
  if (bits === 16) {
    const value = (await view.read(table + number * 2, 2)).readUInt16LE(0);
    return value >= 0xfff8 ? undefined : value;
  }
  const value = (await view.read(table + number * 4, 4)).readUInt32LE(0) & 0xfffffff;
  return value >= 0xffffff8 ? undefined : value;
}
