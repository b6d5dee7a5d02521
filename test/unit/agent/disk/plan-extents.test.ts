import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type DiskMap,
  lastExtent,
  planAdditions,
  planExpansion,
} from '../../../../src/agent/disk/plan-extents.ts';
import { backupTableStart, MIB } from '../../../../src/common/contract/partitions.ts';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';

/** Disks of any size with non-overlapping partitions. */
const disks = fc
  .record({
    sector: fc.constantFrom(512, 4096),
    gaps: fc.array(fc.tuple(fc.nat(5000), fc.integer({ min: 1, max: 200_000 })), { maxLength: 6 }),
    free: fc.nat(2_000_000),
    odd: fc.nat(4095),
  })
  .map(({ sector, gaps, free, odd }): DiskMap => {
    let next = MIB / sector;
    const partitions = gaps.map(([gap, size]) => {
      const start = next + gap;
      next = start + size;
      return { start, size };
    });
    return { sector, size: (next + free + 64) * sector + odd, partitions };
  });

function orRefused<T>(plan: () => T): T | undefined {
  try {
    return plan();
  } catch (error) {
    expect(error).toBeInstanceOf(FactoryError);
    return undefined;
  }
}

describe('places of partitions', () => {
  it('never overlap, and never reach into the backup table', () => {
    fc.assert(
      fc.property(disks, fc.array(fc.nat(300), { minLength: 1, maxLength: 5 }), (disk, sizes) => {
        const added = orRefused(() => planAdditions(disk, sizes)) ?? [];
        const all = [...disk.partitions, ...added].sort((a, b) => a.start - b.start);
        all.forEach(({ start, size }, index) => {
          const before = all[index - 1];
          if (before) expect(start).toBeGreaterThanOrEqual(before.start + before.size);
          expect(size).toBeGreaterThan(0);
        });
        for (const { start, size } of added) {
          expect((start * disk.sector) % MIB).toBe(0);
          expect(Number.isInteger(size)).toBe(true);
          expect((start + size) * disk.sector).toBeLessThanOrEqual(backupTableStart(disk));
        }
      }),
    );
  });

  it('of a last partition only ever grow, within the disk', () => {
    fc.assert(
      fc.property(disks, fc.nat(2000), (disk, mib) => {
        const last = lastExtent(disk.partitions);
        const grown = orRefused(() => planExpansion(disk, mib));
        if (grown === undefined || last === undefined) return;
        expect(grown.start).toBe(last.start);
        expect((grown.size - last.size) * disk.sector).toBeGreaterThanOrEqual(MIB);
        expect((grown.start + grown.size) * disk.sector).toBeLessThanOrEqual(backupTableStart(disk));
        const again = { ...disk, partitions: [...disk.partitions.filter((each) => each !== last), grown] };
        expect(orRefused(() => planExpansion(again, mib))).toBeUndefined();
      }),
    );
  });

  const disk = { sector: 512, size: 100 * MIB, partitions: [{ start: 2048, size: 2048 * 10 }] };

  it('are aligned after existing ones; the last may take the rest', () => {
    expect(planAdditions(disk, [20, 0])).toEqual([
      { start: 2048 * 11, size: 2048 * 20 },
      { start: 2048 * 31, size: 100 * 2048 - 33 - 2048 * 31 },
    ]);
  });

  it('lose less than a MiB to the backup table', () => {
    expect(planAdditions(disk, [89])).toEqual([{ start: 2048 * 11, size: 89 * 2048 - 33 }]);
    expect(() => planAdditions(disk, [90])).toThrow('the disk has 88 MiB left, but a partition needs 90 MiB');
    expect(() => planAdditions(disk, [0, 1])).toThrow('only the last partition can take the rest');
  });

  it('of the last partition grow to a size or to the end', () => {
    expect(planExpansion(disk, 0)).toEqual({ start: 2048, size: 100 * 2048 - 33 - 2048 });
    expect(planExpansion(disk, 20)).toEqual({ start: 2048, size: 2048 * 20 });
    expect(planExpansion(disk, 5)).toBeUndefined();
    expect(() => planExpansion(disk, 200)).toThrow('cannot grow to 200 MiB: the limit is 98 MiB');
    expect(() => planExpansion({ ...disk, partitions: [] }, 0)).toThrow('no partition');
  });
});
