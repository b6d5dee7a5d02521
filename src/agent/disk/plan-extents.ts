import { backupTableStart, MIB } from '../../common/contract/partitions.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';

/** Part of a disk, in its logical sectors. */
export interface Extent {
  readonly start: number;
  readonly size: number;
}

/** A disk as far as places on it are concerned. */
export interface DiskMap {
  /** Bytes of a logical sector. */
  readonly sector: number;
  /** Bytes of the disk as it is now, which may be more than its table knows of. */
  readonly size: number;
  readonly partitions: readonly Extent[];
}

/**
 * Places for further partitions behind the last one, each at a whole MiB; a size of 0 MiB takes the rest. The last one
 * gives up less than a MiB where it would reach into the backup table (docs/contract.md 1.1).
 *
 * @throws FactoryError `usage` when they do not fit, or one behind which others follow takes the rest
 */
export function planAdditions(disk: DiskMap, sizes: readonly number[]): Extent[] {
  if (sizes.slice(0, -1).includes(0)) {
    throw new FactoryError(
      'PARTITION_INVALID',
      'a partition that takes the rest of the disk has others behind it',
      {
        remedy: 'Put the partition of size 0 last.',
      },
    );
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
        `the disk has ${free} MiB left, a partition needs ${Math.max(mib, 1)}`,
        {
          remedy: 'Ask for smaller partitions, or use a larger disk.',
        },
      );
    }
    next = start + size;
    return { start, size };
  });
}

/**
 * The place of the last partition when it has grown to a size in MiB, or with 0 to the end of the disk. `undefined` when
 * it would gain less than a MiB: then it is not worth a new table.
 *
 * @throws FactoryError `usage` when the disk has no partition or is too small
 */
export function planExpansion(disk: DiskMap, mib: number): Extent | undefined {
  const last = lastExtent(disk.partitions);
  if (last === undefined) {
    throw new FactoryError('PARTITION_NOT_FOUND', 'the disk has no partition that could be expanded', {
      remedy: 'Add one with add_partitions.',
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
      `the last partition can have ${most} MiB at most, ${mib} are asked for`,
      {
        remedy: 'Ask for less, or for 0, which is all there is.',
      },
    );
  }
  const size = Math.min(wanted, room);
  return size - last.size < unit ? undefined : { start: last.start, size };
}

/** The one that ends last. */
export function lastExtent<T extends Extent>(extents: readonly T[]): T | undefined {
  return extents.reduce<T | undefined>(
    (last, extent) => (last && last.start + last.size >= extent.start + extent.size ? last : extent),
    undefined,
  );
}

function sectorsOf({ sector }: DiskMap, mib: number): number {
  return (mib * MIB) / sector;
}

/** The first sector that partitions cannot have. */
function endOf(disk: DiskMap): number {
  return backupTableStart(disk) / disk.sector;
}
