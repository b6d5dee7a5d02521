import { expect, test } from 'vitest';
import type { SlotFacts } from '../../../../../src/factory/inspect/artifact/inspection.ts';
import { systemMember, systemOf } from '../../../../../src/factory/inspect/artifact/system-member.ts';

test('a folder with disks only has the system of the first slot of one of them', () => {
  const listed = (file: string, kind: string) => ({ file, kind, size: 1 });
  const disks = [listed('os.ova', 'ova'), listed('os.raw.vhd', 'vhd'), listed('os.raw', 'raw')];
  expect(systemMember(disks)).toBe('os.raw');
  expect(systemMember(disks.slice(0, 2))).toBe('os.raw.vhd');
  expect(systemMember(disks.slice(0, 1))).toBeUndefined();
  const slot = (name: SlotFacts['name']) => ({ name, system: { name } }) as unknown as SlotFacts;
  expect(systemOf({ slots: [slot('active'), slot('recovery')] })).toEqual({ name: 'active' });
  expect(systemOf({ slots: [] })).toBeUndefined();
});
