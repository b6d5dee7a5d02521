import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MIB, PARTITION_TYPE, partitionNamed, planDisk } from '../../../src/layout/partitions.ts';

const SIZES = { systemImage: 1000, recoveryImage: 900, oem: 64, persistent: 256 };
/** Sectors of 512 bytes that the backup GPT takes at the end (contract 1.1). */
const BACKUP_GPT = 33 * 512;

describe('planDisk', () => {
  test('has the partitions of the contract in their order, with names, labels, types and attributes', () => {
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

  test('gives each partition the size of the contract', () => {
    expect(planDisk(SIZES).partitions.map(({ size }) => size / MIB)).toEqual([
      1,
      64,
      64,
      900 * 2 + 200,
      1000 * 2 + 1000 + 1000,
      256,
    ]);
  });

  test('aligns to MiB, overlaps nowhere and leaves room for both partition tables, whatever the sizes', () => {
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

describe('partitionNamed', () => {
  test('finds a partition by its name', () => {
    expect(partitionNamed(planDisk(SIZES), 'state').label).toBe('COS_STATE');
  });

  test('throws for a name that the layout lacks', () => {
    expect(() => partitionNamed({ ...planDisk(SIZES), partitions: [] }, 'oem')).toThrow(RangeError);
  });
});
