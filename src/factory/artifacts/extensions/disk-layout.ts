import type { DiskLayout, Partition } from '../../../common/contract/partitions.ts';
import { uuidFromSeed } from '../../../common/contract/uuid.ts';
import { ARCHITECTURE_FACTS, type ExtensionArch } from './architectures.ts';

/** Alignment of partitions in bytes: systemd-repart's grain, and the block size of dm-verity. */
export const GRAIN = 4096;
/** Offset of the filesystem in bytes, as in all disk images. */
export const DATA_START = 1024 * 1024;
/** Size of the signature partition in bytes, as in systemd-repart. systemd reads at most 4 MiB. */
export const SIGNATURE_SIZE = 16 * 1024;
/** Size of the backup partition table: a header and 128 entries of 128 bytes. */
const BACKUP_TABLE = 33 * 512;
/** "Read-only" (Discoverable Partitions Specification, "Partition Flags"). */
const READ_ONLY = 60;

/** Properties that determine the layout of an extension's disk image. */
export interface ExtensionParts {
  readonly arch: ExtensionArch;
  /** Size of the filesystem in bytes, in whole blocks. */
  readonly dataSize: number;
  /** Size of the hash tree in bytes, in whole blocks. */
  readonly hashSize: number;
  /** Root hash in hex. */
  readonly rootHash: string;
  readonly isSigned: boolean;
}

/** Offset of the hash tree in bytes. */
export function hashStart(dataSize: number): number {
  return roundUp(DATA_START + dataSize);
}

/**
 * Lays out the partitions of an extension: filesystem, hash tree, and the signature of the root hash, if any (Discoverable
 * Partitions Specification). The GUIDs of the first two are the two halves of the root hash, by which systemd matches
 * them; the other GUIDs are derived from it too.
 */
export function extensionLayout({
  arch,
  dataSize,
  hashSize,
  rootHash,
  isSigned,
}: ExtensionParts): DiskLayout {
  const { name, root, verity, signature } = ARCHITECTURE_FACTS[arch];
  const hashes = hashStart(dataSize);
  const partitions = [
    readOnly({
      name: `root-${name}`,
      type: root,
      guid: guidOf(rootHash.slice(0, 32)),
      start: DATA_START,
      size: dataSize,
    }),
    readOnly({
      name: `root-${name}-verity`,
      type: verity,
      guid: guidOf(rootHash.slice(-32)),
      start: hashes,
      size: hashSize,
    }),
  ];
  let end = roundUp(hashes + hashSize);
  if (isSigned) {
    partitions.push(
      readOnly({
        name: `root-${name}-verity-sig`,
        type: signature,
        guid: uuidFromSeed(`signature ${rootHash}`),
        start: end,
        size: SIGNATURE_SIZE,
      }),
    );
    end += SIGNATURE_SIZE;
  }
  return { guid: uuidFromSeed(`extension ${rootHash}`), size: roundUp(end + BACKUP_TABLE), partitions };
}

function readOnly(partition: Omit<Partition, 'attributes'>): Partition {
  return { ...partition, attributes: [READ_ONLY] };
}

function guidOf(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / GRAIN) * GRAIN;
}
