import type { DiskLayout, Partition } from '../../../common/contract/partitions.ts';
import { uuidFromSeed } from '../../../common/contract/uuid.ts';
import { ARCHITECTURE_FACTS, type ExtensionArch } from './architectures.ts';

/** Bytes that partitions begin at multiples of: systemd-repart's grain, and the block of dm-verity. */
export const GRAIN = 4096;
/** Byte at which the filesystem begins, as in all disk images. */
export const DATA_START = 1024 * 1024;
/** Bytes of the signature's partition, as systemd-repart has it. systemd reads at most 4 MiB. */
export const SIGNATURE_SIZE = 16 * 1024;
/** Backup of the table: a header and 128 entries of 128 bytes. */
const BACKUP_TABLE = 33 * 512;
/** "Read-only" (Discoverable Partitions Specification, "Partition Flags"). */
const READ_ONLY = 60;

/** What the parts of an extension's disk image take. */
export interface ExtensionParts {
  readonly arch: ExtensionArch;
  /** Bytes of the filesystem and of the hashes, both in whole blocks. */
  readonly dataSize: number;
  readonly hashSize: number;
  /** In hex. */
  readonly rootHash: string;
  readonly isSigned: boolean;
}

/** Byte at which the hashes begin. */
export function hashStart(dataSize: number): number {
  return roundUp(DATA_START + dataSize);
}

/**
 * The partitions of an extension: filesystem, hashes, and the signature of the root hash where there is one
 * (Discoverable Partitions Specification). The GUIDs of the first two are the two halves of the root hash, which is how
 * systemd finds what belongs together; the others follow from it too.
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
