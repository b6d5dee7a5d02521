import { LABEL } from './labels.ts';
import { uuidFromName } from './uuid.ts';

export const MIB = 1024 * 1024;

/** GPT type GUIDs (contract 1.1). */
export const PARTITION_TYPE = {
  efiSystem: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  biosBoot: '21686148-6449-6e6f-744e-656564454649',
  linux: '0fc63daf-8483-4772-8e79-3d69d8477de4',
} as const;

/** One partition of a planned disk. */
export interface Partition {
  /** The PARTLABEL. */
  readonly name: 'bios' | 'efi' | 'oem' | 'recovery' | 'state' | 'persistent';
  /** The filesystem label; absent for the unformatted BIOS boot partition. */
  readonly label?: string;
  readonly type: string;
  readonly guid: string;
  /** GPT attribute bits that are set, as bit numbers. */
  readonly attributes: readonly number[];
  /** In bytes, both multiples of 1 MiB. */
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

/** Sizes in MiB that a disk layout depends on. */
export interface DiskSizes {
  /** Size of the image file in the active (and passive) slot. */
  readonly systemImage: number;
  /** Size of the recovery image file. */
  readonly recoveryImage: number;
  readonly oem: number;
  readonly persistent: number;
}

/** Free space in the state partition beyond the images, for the next upgrade's bookkeeping (contract 1.1). */
const STATE_MARGIN = 1000;
const RECOVERY_MARGIN = 200;
const EFI_SIZE = 64;
const BIOS_SIZE = 1;
/** The backup GPT takes 33 sectors at the end; a whole MiB keeps partitions aligned. */
const BACKUP_TABLE = 1;

/**
 * The disk that boots from BIOS and UEFI alike: a BIOS boot partition in front of the contract's five (contract 1.1;
 * design, "A raw disk made wholly in place"). State holds active, passive and, during an upgrade, a transition image.
 * @param sizes in MiB
 */
export function planDisk(sizes: DiskSizes): DiskLayout {
  const wanted: readonly (Omit<Partition, 'start' | 'size' | 'guid'> & {
    readonly mib: number;
    readonly seed: string;
  })[] = [
    // Upstream names the BIOS partition's GUID after COS_GRUB; a disk that has both keeps that one for the ESP.
    { name: 'bios', type: PARTITION_TYPE.biosBoot, attributes: [2], mib: BIOS_SIZE, seed: 'COS_BIOS' },
    {
      name: 'efi',
      label: LABEL.efi,
      type: PARTITION_TYPE.efiSystem,
      attributes: [0],
      mib: EFI_SIZE,
      seed: LABEL.efi,
    },
    {
      name: 'oem',
      label: LABEL.oem,
      type: PARTITION_TYPE.linux,
      attributes: [],
      mib: sizes.oem,
      seed: LABEL.oem,
    },
    {
      name: 'recovery',
      label: LABEL.recovery,
      type: PARTITION_TYPE.linux,
      attributes: [],
      mib: sizes.recoveryImage * 2 + RECOVERY_MARGIN,
      seed: LABEL.recovery,
    },
    {
      name: 'state',
      label: LABEL.state,
      type: PARTITION_TYPE.linux,
      attributes: [],
      mib: sizes.systemImage * 3 + STATE_MARGIN,
      seed: LABEL.state,
    },
    {
      name: 'persistent',
      label: LABEL.persistent,
      type: PARTITION_TYPE.linux,
      attributes: [],
      mib: sizes.persistent,
      seed: LABEL.persistent,
    },
  ];
  let next = 1;
  const partitions = wanted.map(({ mib, seed, ...partition }): Partition => {
    const start = next;
    next += mib;
    return { ...partition, guid: uuidFromName(seed), start: start * MIB, size: mib * MIB };
  });
  return { guid: uuidFromName('KAIROS_DISK'), size: (next + BACKUP_TABLE) * MIB, partitions };
}

/** The partition of that name. @throws RangeError when the layout has none, which is a defect of the caller */
export function partitionNamed(layout: DiskLayout, name: Partition['name']): Partition {
  const found = layout.partitions.find((partition) => partition.name === name);
  if (!found) throw new RangeError(`no partition ${name} in the layout`);
  return found;
}
