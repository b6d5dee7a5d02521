import { promisify } from 'node:util';
import { constants, inflateRaw, zstdDecompress } from 'node:zlib';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { type ByteView, requireInside } from './byte-view.ts';
import { cachedView } from './cached-view.ts';
import { corruptArtifact } from './corrupt-artifact.ts';
import { zstdFrameLength } from './zstd-frame.ts';

// QEMU, docs/interop/qcow2.txt.
const MAGIC = 'QFI\xfb';
const OFFSET = 0x00fffffffffffe00n;
const COMPRESSED = 1n << 62n;
const ZERO = 1n;
const DEFLATE = 0;
const ZSTD = 1;
/** QEMU's own limits. */
const MIN_BITS = 9;
const MAX_BITS = 21;
const TABLE_LIMIT = 32 * 1024 * 1024;

const inflateCluster = promisify<Buffer, { maxOutputLength: number; finishFlush?: number }, Buffer>(
  inflateRaw,
);
const zstdCluster = promisify<Buffer, { maxOutputLength: number }, Buffer>(zstdDecompress);

/** Whether the first bytes are those of a qcow2. */
export function isQcow2(head: Buffer): boolean {
  return head.toString('latin1', 0, 4) === MAGIC;
}

/**
 * The disk in a qcow2 as a view. Another file that it builds on is never opened: the name is the image's own, and could be any
 * file of this machine.
 * @throws FactoryError `verification` when it is broken, `usage` when it is encrypted or builds on another file
 */
export async function openQcow2(bytes: ByteView): Promise<ByteView> {
  const file = cachedView(bytes);
  const { name } = file;
  const header = await file.read(0, 104);
  const version = header.readUInt32BE(4);
  const bits = header.readUInt32BE(20);
  const size = Number(header.readBigUInt64BE(24));
  const entries = header.readUInt32BE(36);
  if (![2, 3].includes(version) || bits < MIN_BITS || bits > MAX_BITS || entries * 8 > TABLE_LIMIT)
    throw corruptArtifact(name, 'its header has impossible values');
  if (header.readBigUInt64BE(8) !== 0n) throw unreadable(name, 'it builds on another file');
  if (header.readUInt32BE(32) !== 0) throw unreadable(name, 'it is encrypted');
  // Incompatible features: an external data file (bit 2), extended L2 entries (bit 4).
  const features = version === 3 ? header.readBigUInt64BE(72) : 0n;
  if (features & 0b10100n) throw unreadable(name, 'it has features that are not supported');
  const cluster = 2 ** bits;
  const top = await file.read(Number(header.readBigUInt64BE(40)), entries * 8);
  await requireWhole(file, { top, cluster, bits });
  // Incompatible feature 3: the compression is stated behind the header.
  const method = features & 0b1000n ? (await file.read(104, 1)).readUInt8(0) : DEFLATE;
  let last: { readonly index: number; readonly content: Buffer } | undefined;
  const entryOf = async (index: number): Promise<bigint> => {
    const perTable = cluster / 8;
    const at = Math.floor(index / perTable) * 8;
    const table = at < top.length ? top.readBigUInt64BE(at) & OFFSET : 0n;
    if (table === 0n) return 0n;
    return (await file.read(Number(table) + (index % perTable) * 8, 8)).readBigUInt64BE(0);
  };
  const packed = async (entry: bigint): Promise<Buffer> => {
    const shift = shiftOf(bits);
    const start = packedStart(entry, shift);
    const sectors = Number((entry & (COMPRESSED - 1n)) >> shift) + 1;
    // The last sector may be cut by the end of the file.
    const length = Math.min(sectors * 512 - (start % 512), file.size - start);
    const content = await file.read(start, length);
    try {
      if (method === ZSTD) {
        const frame = content.subarray(0, zstdFrameLength(content));
        return await zstdCluster(frame, { maxOutputLength: cluster });
      }
      return await inflateCluster(content, { maxOutputLength: cluster, finishFlush: constants.Z_SYNC_FLUSH });
    } catch {
      throw corruptArtifact(name, 'a cluster cannot be decompressed');
    }
  };
  const clusterAt = async (index: number): Promise<Buffer | number | undefined> => {
    if (last?.index === index) return last.content;
    const entry = await entryOf(index);
    if (entry & COMPRESSED) {
      const content = await packed(entry);
      if (content.length < cluster) throw corruptArtifact(name, 'a cluster is too short');
      last = { index, content };
      return content;
    }
    return entry & ZERO || (entry & OFFSET) === 0n ? undefined : Number(entry & OFFSET);
  };
  return {
    name,
    size,
    read: async (start, length) => {
      requireInside({ name, size }, start, length);
      const result = Buffer.alloc(length);
      for (let at = start; at < start + length; ) {
        const index = Math.floor(at / cluster);
        const inside = at - index * cluster;
        const take = Math.min(cluster - inside, start + length - at);
        const found = await clusterAt(index);
        if (typeof found === 'number') (await file.read(found + inside, take)).copy(result, at - start);
        else found?.copy(result, at - start, inside, inside + take);
        at += take;
      }
      return result;
    },
  };
}

/** Where the length begins in the entry of a compressed cluster. */
function shiftOf(bits: number): bigint {
  return BigInt(62 - (bits - 8));
}

function packedStart(entry: bigint, shift: bigint): number {
  return Number(entry & ((1n << shift) - 1n));
}

/** Tables to look at: those of 512 GiB with clusters of 64 KiB. */
const WHOLE_LIMIT = 1024;

/**
 * Looks whether the file has everything that its tables name, because a download that ended early has its tables, too.
 * @throws FactoryError `verification` when it is cut short
 */
async function requireWhole(
  file: ByteView,
  { top, cluster, bits }: { readonly top: Buffer; readonly cluster: number; readonly bits: number },
): Promise<void> {
  let end = 0;
  const reach = (place: number) => {
    end = Math.max(end, place);
    if (end > file.size)
      throw corruptArtifact(
        file.name,
        `it has ${file.size} bytes, and its tables name ${end}: it is cut short`,
      );
  };
  const tables = entriesOf(top)
    .map((entry) => Number(entry & OFFSET))
    .filter((at) => at > 0);
  for (const at of tables) reach(at + cluster);
  for (const at of tables.slice(0, WHOLE_LIMIT))
    for (const entry of entriesOf(await file.read(at, cluster))) {
      if (entry & COMPRESSED) reach(packedStart(entry, shiftOf(bits)) + 1);
      else if ((entry & OFFSET) !== 0n) reach(Number(entry & OFFSET) + 1);
    }
}

function entriesOf(table: Buffer): bigint[] {
  return Array.from({ length: Math.floor(table.length / 8) }, (_, index) => table.readBigUInt64BE(index * 8));
}

function unreadable(name: string, reason: string): FactoryError {
  return new FactoryError('ARTIFACT_UNREADABLE', `${name} cannot be read in place: ${reason}`, {
    remedy: 'Convert it with: qemu-img convert -O raw, if you know who made it.',
  });
}
