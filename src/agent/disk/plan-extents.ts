import { backupTableStart, MIB } from '../../common/contract/partitions.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';

/** A range of a disk, in logical sectors. */
export interface Extent {
  readonly start: number;
  readonly size: number;
}

/** The geometry of a disk and its partitions. */
export interface DiskMap {
  /** Size of a logical sector, in bytes. */
  readonly sector: number;
  /** Current size of the disk in bytes, which may exceed the size in its table. */
  readonly size: number;
  readonly partitions: readonly Extent[];
}

/**
 * Plans additional partitions after the existing ones, aligned to MiB; a size of 0 MiB takes the rest. The last one is cut
 * by less than a MiB if it would overlap the backup table (docs/contract.md 1.1).
 *
 * @param sizes sizes in MiB
 * @throws FactoryError `usage` when they do not fit, or when a partition other than the last takes the rest
 */
export function planAdditions(disk: DiskMap, sizes: readonly number[]): Extent[] {
  if (sizes.slice(0, -1).includes(0)) {
    throw new FactoryError('PARTITION_INVALID', 'only the last partition can take the rest of the disk', {
      remedy: 'Put the partition of size 0 last.',
    });
  }
  const unit = sectorsOf(disk, 1);
  const limit = endOf(disk);
  let next = Math.max(unit, ...disk.partitions.map(({ start, size }) => start + size));
  return sizes.map((mib, index) => {
    const start = Math.ceil(next / unit) * unit;
    const room = limit - start;
    const wanted = mib === 0 ? room : sectorsOf(disk, mib);
    const trimmed = index === sizes.length - 1 && wanted > room && wanted - room < unit;
    const size = trimmed ? room : wanted;
    if (size <= 0 || size > room || (mib === 0 && room < unit)) {
      const free = Math.max(0, Math.floor((room * disk.sector) / MIB));
      throw new FactoryError(
        'DISK_TOO_SMALL',
        `the disk has ${free} MiB left, but a partition needs ${Math.max(mib, 1)} MiB`,
        {
          remedy: 'Use smaller partitions or a larger disk.',
        },
      );
    }
    next = start + size;
    return { start, size };
  });
}

/**
 * Plans the growth of the last partition to a size in MiB, or with 0 to the end of the disk. `undefined` when it would gain
 * less than a MiB, which does not justify a new table.
 *
 * @throws FactoryError `usage` when the disk has no partition or is too small
 */
export function planExpansion(disk: DiskMap, mib: number): Extent | undefined {
  const last = lastExtent(disk.partitions);
  if (last === undefined) {
    throw new FactoryError('PARTITION_NOT_FOUND', 'the disk has no partition to expand', {
      remedy: 'Add a partition with add_partitions.',
    });
  }
  const unit = sectorsOf(disk, 1);
  const room = endOf(disk) - last.start;
  const wanted = mib === 0 ? room : sectorsOf(disk, mib);
  if (wanted - last.size < unit) return undefined;
  if (wanted - room >= unit) {
    const most = Math.floor((room * disk.sector) / MIB);
    throw new FactoryError(
      'DISK_TOO_SMALL',
      `the last partition cannot grow to ${mib} MiB: the limit is ${most} MiB`,
      {
        remedy: 'Use a smaller size, or 0 for all available space.',
      },
    );
  }
  const size = Math.min(wanted, room);
  return size - last.size < unit ? undefined : { start: last.start, size };
}

/** The extent that ends last; `undefined` for an empty list. */
export function lastExtent<T extends Extent>(extents: readonly T[]): T | undefined {
  return extents.reduce<T | undefined>(
    (last, extent) => (last && last.start + last.size >= extent.start + extent.size ? last : extent),
    undefined,
  );
}

function sectorsOf({ sector }: DiskMap, mib: number): number {
  return (mib * MIB) / sector;
}

/** The first sector after the space for partitions. */
function endOf(disk: DiskMap): number {
  return backupTableStart(disk) / disk.sector;
}
