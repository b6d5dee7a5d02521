import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  arrangePartitions,
  backupTableStart,
  MIB,
  PARTITION_TYPE,
  type PartitionRequest,
  partitionNamed,
  planDisk,
  systemPartitions,
} from '../../../../src/common/contract/partitions.ts';

const SIZES = { systemImage: 1000, recoveryImage: 900, oem: 64, persistent: 256 };
/** Sectors of 512 bytes that the backup GPT takes at the end (docs/contract.md 1.1). */
const BACKUP_GPT = 33 * 512;

describe('planDisk', () => {
  test('has the partitions of the contract in order, with names, labels, types and attributes', () => {
    const rows = planDisk(SIZES).partitions.map(({ name, label, type, attributes }) => [
      name,
      label,
      type,
      attributes,
    ]);
    expect(rows).toEqual([
      ['bios', undefined, PARTITION_TYPE.biosBoot, [2]],
      ['efi', 'COS_GRUB', PARTITION_TYPE.efiSystem, [0]],
      ['oem', 'COS_OEM', PARTITION_TYPE.linux, []],
      ['recovery', 'COS_RECOVERY', PARTITION_TYPE.linux, []],
      ['state', 'COS_STATE', PARTITION_TYPE.linux, []],
      ['persistent', 'COS_PERSISTENT', PARTITION_TYPE.linux, []],
    ]);
  });

  test('has no BIOS partition for machines without a BIOS', () => {
    const names = planDisk({ ...SIZES, bios: false }).partitions.map(({ name }) => name);
    expect(names).toEqual(['efi', 'oem', 'recovery', 'state', 'persistent']);
    expect(planDisk({ ...SIZES, bios: false }).partitions[0]?.start).toBe(MIB);
  });

  test('has the GPT types and the GUIDs that the contract lists', () => {
    expect(PARTITION_TYPE).toEqual({
      efiSystem: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
      biosBoot: '21686148-6449-6e6f-744e-656564454649',
      linux: '0fc63daf-8483-4772-8e79-3d69d8477de4',
    });
    const layout = planDisk(SIZES);
    expect(layout.guid).toBe('2ceff841-4c1d-5a14-8e46-ed3aeb621093');
    expect(layout.partitions.slice(1).map(({ guid }) => guid)).toEqual([
      '81444e82-66b3-5ed2-961b-497665f12be2',
      '8bfa06f9-ca4f-56dc-90c9-49cf20f4f45e',
      '768fbd69-b2a9-5eab-902c-db8745b4767c',
      '843bfe4e-83b2-5b42-ba6d-a47e3ba1262e',
      '85c39d0f-4867-5227-8334-f5eec606d9eb',
    ]);
  });

  test('gives each partition the size that the contract defines', () => {
    expect(planDisk(SIZES).partitions.map(({ size }) => size / MIB)).toEqual([
      1,
      64,
      64,
      900 * 2 + 200,
      1000 * 2 + 1000 + 1000,
      256,
    ]);
  });

  test('aligns to MiB, without overlaps, and leaves room for both partition tables, for any sizes', () => {
    const mib = fc.integer({ min: 1, max: 1_000_000 });
    const sizes = fc.record({ systemImage: mib, recoveryImage: mib, oem: mib, persistent: mib });
    fc.assert(
      fc.property(sizes, (wanted) => {
        const { size, partitions } = planDisk(wanted);
        let end = MIB;
        for (const partition of partitions) {
          expect(partition.start).toBeGreaterThanOrEqual(end);
          expect([partition.start % MIB, partition.size % MIB]).toEqual([0, 0]);
          expect(partition.size).toBeGreaterThan(0);
          end = partition.start + partition.size;
        }
        expect(size - end).toBeGreaterThanOrEqual(BACKUP_GPT);
        expect(size % MIB).toBe(0);
        expect(new Set(partitions.map(({ guid }) => guid)).size).toBe(partitions.length);
      }),
    );
  });
});

const GIB = 1024 * MIB;
const extra = (name: string, mib: number): PartitionRequest => ({
  name,
  type: PARTITION_TYPE.linux,
  guid: name,
  attributes: [],
  mib,
});

describe('systemPartitions', () => {
  const sizes = { ...SIZES, persistent: 0 };
  const mib = (wanted: Partial<typeof sizes> & { state?: number; recovery?: number; efi?: number }) =>
    Object.fromEntries(systemPartitions({ ...sizes, ...wanted }).map((entry) => [entry.name, entry.mib]));

  test('raises sizes that are too small for the images, and keeps larger ones', () => {
    expect(mib({ state: 10, recovery: 10, efi: 10 })).toEqual(mib({}));
    expect(mib({ state: 9000, recovery: 8000, efi: 512 })).toMatchObject({
      state: 9000,
      recovery: 8000,
      efi: 512,
    });
  });
});

describe('arrangePartitions', () => {
  const system = systemPartitions({ ...SIZES, persistent: 0 });
  const disk = { size: 40 * GIB, sector: 512 };

  test('gives one partition the rest of the disk, up to the backup table', () => {
    const layout = arrangePartitions(system, disk);
    const persistent = partitionNamed(layout, 'persistent');
    expect(persistent.start + persistent.size).toBe(disk.size - BACKUP_GPT);
    expect(layout.size).toBe(disk.size);
  });

  test('moves the partition that takes the rest to the end', () => {
    const layout = arrangePartitions([...system, extra('data', 100)], disk);
    expect(layout.partitions.map(({ name }) => name).slice(-2)).toEqual(['data', 'persistent']);
  });

  test('trims the last partition by less than a MiB to keep the backup table', () => {
    const sized = systemPartitions({ ...SIZES, persistent: 100 });
    const needed = sized.reduce((sum, { mib }) => sum + mib, 1) * MIB;
    const layout = arrangePartitions(sized, { size: needed + 8 * 512, sector: 512 });
    expect(partitionNamed(layout, 'persistent').size).toBe(100 * MIB - (33 - 8) * 512);
  });

  test.each([
    [
      'a disk that is too small',
      system,
      { size: 2 * GIB, sector: 512 },
      /the disk has 2048 MiB, the partitions need/,
    ],
    ['two that take the rest', [...system, extra('data', 0)], disk, /persistent and data both take the rest/],
    ['two of one name', [...system, extra('state', 5)], disk, /two partitions are named state/],
  ])('refuses %s', (_, requests, geometry, message) => {
    expect(() => arrangePartitions(requests, geometry)).toThrow(message);
  });

  test('places all partitions without overlapping another or a partition table, on any disk', () => {
    const extras = fc.uniqueArray(
      fc.record({ name: fc.stringMatching(/^[a-z]{3,8}x$/), mib: fc.integer({ min: 1, max: 50_000 }) }),
      { maxLength: 6, selector: ({ name }) => name },
    );
    const geometry = fc.record({
      sectors: fc.integer({ min: 1, max: 200_000_000 }),
      sector: fc.constantFrom(512, 4096),
    });
    const greedy = fc.constantFrom('persistent', 'extra', 'none');
    fc.assert(
      fc.property(extras, geometry, greedy, (wanted, { sectors, sector }, rest) => {
        const place = { size: sectors * sector, sector };
        const requests = [
          ...systemPartitions({ ...SIZES, persistent: rest === 'persistent' ? 0 : 300 }),
          ...wanted.map(({ name, mib }) => extra(name, mib)),
          ...(rest === 'extra' ? [extra('rest', 0)] : []),
        ];
        const needed = requests.reduce((sum, { mib }) => sum + mib, 0);
        let layout: ReturnType<typeof arrangePartitions>;
        try {
          layout = arrangePartitions(requests, place);
        } catch {
          // It may refuse only partitions that do not fit.
          expect(place.size).toBeLessThan((needed + 3) * MIB);
          return;
        }
        const limit = backupTableStart(place);
        // Header and entries of the primary table, for any sector size.
        let end = sector * 2 + 128 * 128;
        for (const partition of layout.partitions) {
          expect(partition.start).toBeGreaterThanOrEqual(end);
          expect([partition.start % MIB, partition.start % sector, partition.size % sector]).toEqual([
            0, 0, 0,
          ]);
          expect(partition.size).toBeGreaterThan(0);
          end = partition.start + partition.size;
        }
        expect(end).toBeLessThanOrEqual(limit);
        expect(layout.partitions.map(({ name }) => name).sort()).toEqual(
          requests.map(({ name }) => name).sort(),
        );
      }),
    );
  });
});

describe('partitionNamed', () => {
  test('finds a partition by its name', () => {
    expect(partitionNamed(planDisk(SIZES), 'state').label).toBe('COS_STATE');
  });

  test('throws for a name that the layout lacks', () => {
    expect(() => partitionNamed({ ...planDisk(SIZES), partitions: [] }, 'oem')).toThrow(RangeError);
  });
});
