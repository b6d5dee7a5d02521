import { FactoryError } from '../errors/factory-error.ts';
import { LABEL } from './labels.ts';
import { uuidFromName } from './uuid.ts';

export const MIB = 1024 * 1024;
/** Bytes of a sector, as a BIOS reads it and disk images have it. */
export const BIOS_SECTOR = 512;

/** GPT type GUIDs (docs/contract.md 1.1). */
export const PARTITION_TYPE = {
  efiSystem: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  biosBoot: '21686148-6449-6e6f-744e-656564454649',
  linux: '0fc63daf-8483-4772-8e79-3d69d8477de4',
} as const;

/** The names that disk GUIDs are derived from (docs/contract.md 1.1): for an installed disk, and for a `layout` step. */
const DISK_NAME = 'KAIROS_DISK';
export const LAYOUT_DISK_NAME = 'YIP_DISK';

/** The partitions of every Kairos disk, by PARTLABEL (docs/contract.md 1.1). */
export type SystemPartition = 'bios' | 'efi' | 'oem' | 'recovery' | 'state' | 'persistent';

/** A requested partition, without a position on a disk. */
export interface PartitionRequest {
  /** The PARTLABEL. */
  readonly name: string;
  /** The filesystem label; absent for a raw partition. */
  readonly label?: string;
  /** The filesystem: `ext4`, `vfat`, …; absent for a raw partition. */
  readonly filesystem?: string;
  readonly type: string;
  readonly guid: string;
  /** Numbers of the GPT attribute bits that are set. */
  readonly attributes: readonly number[];
  /** Size in MiB; 0 takes the rest of the disk. */
  readonly mib: number;
}

/** A partition with its position on a planned disk. */
export interface Partition extends Omit<PartitionRequest, 'mib'> {
  /** In bytes; start and size are multiples of 1 MiB, except for the size of a disk's last partition. */
  readonly start: number;
  readonly size: number;
}

/** A planned disk: GPT, partitions in the order of the contract. */
export interface DiskLayout {
  readonly guid: string;
  /** In bytes. */
  readonly size: number;
  readonly partitions: readonly Partition[];
}

/** Sizes in MiB from which the system partitions are computed. */
export interface DiskSizes {
  /** Size of the image file in the active (and passive) slot. */
  readonly systemImage: number;
  /** Size of the recovery image file. */
  readonly recoveryImage: number;
  readonly oem: number;
  /** 0 takes the rest of the disk. */
  readonly persistent: number;
  /** The requested size; it is raised to what the images need (docs/contract.md 1.1). */
  readonly state?: number;
  readonly recovery?: number;
  readonly efi?: number;
  /** Whether the disk is for machines that may have a BIOS; true by default. */
  readonly bios?: boolean;
}

/** The size and sector size of a disk. */
export interface DiskGeometry {
  /** In bytes. */
  readonly size: number;
  /** Bytes of a logical sector. */
  readonly sector: number;
}

/** Free space in the state partition beyond the images, for the next upgrade's download (docs/contract.md 1.1). */
const STATE_MARGIN = 1000;
const RECOVERY_MARGIN = 200;
const EFI_SIZE = 64;
const BIOS_SIZE = 1;
/** The backup GPT takes 33 sectors at the end; a whole MiB keeps a disk image's size aligned. */
const BACKUP_TABLE = 1;
/** Number of entries in a GPT, and the size of an entry in bytes (docs/contract.md 1.1). */
const GPT_ENTRIES = 128;
const GPT_ENTRY_SIZE = 128;
/** MiB that are not available to partitions: one at each end of the disk. */
const DISK_MARGIN = 2;

/**
 * Returns the partitions of a disk that boots from UEFI and, unless `bios` is false, from BIOS: a BIOS boot partition and
 * the contract's five (docs/contract.md 1.1; docs/decisions/0004-disks-born-installed.md). The state partition holds the
 * active image, the passive image and, during an upgrade, a transition image.
 */
export function systemPartitions(sizes: DiskSizes): PartitionRequest[] {
  const linux = (name: SystemPartition, label: string, mib: number): PartitionRequest => ({
    name,
    label,
    filesystem: 'ext4',
    type: PARTITION_TYPE.linux,
    guid: uuidFromName(label),
    attributes: [],
    mib,
  });
  // Upstream derives the BIOS partition's GUID from COS_GRUB; here, that GUID is the ESP's, as a disk may have both.
  const bios: PartitionRequest = {
    name: 'bios',
    type: PARTITION_TYPE.biosBoot,
    guid: uuidFromName('COS_BIOS'),
    attributes: [2],
    mib: BIOS_SIZE,
  };
  return [
    ...(sizes.bios === false ? [] : [bios]),
    {
      name: 'efi',
      label: LABEL.efi,
      filesystem: 'vfat',
      type: PARTITION_TYPE.efiSystem,
      guid: uuidFromName(LABEL.efi),
      attributes: [0],
      mib: Math.max(sizes.efi ?? EFI_SIZE, EFI_SIZE),
    },
    linux('oem', LABEL.oem, sizes.oem),
    linux(
      'recovery',
      LABEL.recovery,
      Math.max(sizes.recovery ?? 0, sizes.recoveryImage * 2 + RECOVERY_MARGIN),
    ),
    linux('state', LABEL.state, Math.max(sizes.state ?? 0, sizes.systemImage * 3 + STATE_MARGIN)),
    linux('persistent', LABEL.persistent, sizes.persistent),
  ];
}

/** Returns the layout of a disk image, which is as small as its partitions allow (docs/decisions/0004-disks-born-installed.md). */
export function planDisk(sizes: DiskSizes & { readonly persistent: number }): DiskLayout {
  const requests = systemPartitions(sizes);
  const mib = requests.reduce((sum, request) => sum + request.mib, 1 + BACKUP_TABLE);
  return arrangePartitions(requests, { size: mib * MIB, sector: BIOS_SECTOR });
}

/** Returns the first byte of a disk's backup partition table (docs/contract.md 1.1). */
export function backupTableStart({ size, sector }: DiskGeometry): number {
  const sectors = Math.ceil((GPT_ENTRIES * GPT_ENTRY_SIZE) / sector) + 1;
  return (Math.floor(size / sector) - sectors) * sector;
}

/**
 * Places partitions on a disk: from 1 MiB on, in whole MiB, in the given order, except that the partition that takes the
 * rest of the disk comes last. If the last partition would overlap the backup table, it is trimmed (docs/contract.md 1.1).
 * @throws FactoryError `usage` when the partitions do not fit, have duplicate names, or several take the rest
 */
export function arrangePartitions(requests: readonly PartitionRequest[], geometry: DiskGeometry): DiskLayout {
  const greedy = requests.filter(({ mib }) => mib === 0);
  if (greedy.length > 1) {
    throw new FactoryError(
      'PARTITION_INVALID',
      `partitions ${greedy.map(({ name }) => name).join(' and ')} both take the rest of the disk`,
      { remedy: 'Give all but one of them a size in MiB.' },
    );
  }
  const names = requests.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new FactoryError('PARTITION_INVALID', `two partitions are named ${twice}`);

  const needed = requests.reduce((sum, { mib }) => sum + mib, 0);
  const limit = backupTableStart(geometry);
  const tooSmall = () =>
    new FactoryError(
      'DISK_TOO_SMALL',
      `the disk has ${Math.floor(geometry.size / MIB)} MiB, the partitions need ${needed + DISK_MARGIN}`,
      { remedy: 'Choose a larger disk or smaller partitions.' },
    );
  const ordered = [...requests.filter(({ mib }) => mib !== 0), ...greedy];
  let next = MIB;
  const partitions = ordered.map(({ mib, ...partition }, index): Partition => {
    const start = next;
    const wanted = mib === 0 ? limit - start : mib * MIB;
    const last = index === ordered.length - 1;
    // A partition is trimmed by less than 1 MiB; with more, it would not be the requested one.
    const size = last && start + wanted > limit && mib * MIB - (limit - start) < MIB ? limit - start : wanted;
    if (size < MIB || start + size > limit) throw tooSmall();
    next = start + size;
    return { ...partition, start, size };
  });
  return { guid: uuidFromName(DISK_NAME), size: geometry.size, partitions };
}

/** Returns the partition with a name. @throws RangeError when the layout has none, which is a bug in the caller */
export function partitionNamed(layout: DiskLayout, name: string): Partition {
  const found = layout.partitions.find((partition) => partition.name === name);
  if (!found) throw new RangeError(`no partition ${name} in the layout`);
  return found;
}
