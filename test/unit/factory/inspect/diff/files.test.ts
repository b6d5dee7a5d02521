import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { firstDifference } from '../../../../../src/factory/inspect/diff/first-difference.ts';
import { readPartitions } from '../../../../../src/factory/inspect/diff/partition-table.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const MIB = 1024 * 1024;

test.each([
  ['abc', 'abc', undefined],
  ['abc', 'abd', 2],
  ['abc', 'abcd', 3],
  ['', 'a', 0],
  ['', '', undefined],
  // Beyond the first read.
  [`${'x'.repeat(4 * MIB)}a`, `${'x'.repeat(4 * MIB)}b`, 4 * MIB],
  ['x'.repeat(4 * MIB), `${'x'.repeat(4 * MIB)}b`, 4 * MIB],
])('finds the first differing byte (%#)', async (a, b, offset) => {
  const home = temporaryDirectory();
  writeFileSync(join(home, 'a'), a);
  writeFileSync(join(home, 'b'), b);
  expect(await firstDifference(join(home, 'a'), join(home, 'b'))).toEqual(
    offset === undefined ? undefined : { offset },
  );
});

test('reads a partition table, and finds no partitions without one', async () => {
  const file = join(temporaryDirectory(), 'disk');
  const disk = Buffer.alloc(64 * 512);
  disk.write('EFI PART', 512, 'latin1');
  disk.writeBigUInt64LE(2n, 512 + 72);
  disk.writeUInt32LE(4, 512 + 80);
  disk.writeUInt32LE(128, 512 + 84);
  for (const [index, first, last, name] of [
    [0, 34n, 40n, 'efi'],
    [2, 41n, 41n, ''],
  ] as const) {
    const entry = disk.subarray(1024 + index * 128);
    entry.fill(7, 0, 16);
    entry.writeBigUInt64LE(first, 32);
    entry.writeBigUInt64LE(last, 40);
    entry.write(name, 56, 'utf16le');
  }
  writeFileSync(file, disk);
  expect(await readPartitions(file)).toEqual([
    { name: 'efi', start: 34 * 512, size: 7 * 512 },
    { name: 'partition 3', start: 41 * 512, size: 512 },
  ]);
  truncateSync(file, 0);
  expect(await readPartitions(file)).toEqual([]);
});
