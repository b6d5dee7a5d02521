import { expect, test } from 'vitest';
import { createTransferText } from '../../../../src/common/text/transfer.ts';

test('a transfer has bytes, and a rate when that says something', () => {
  let now = 0;
  const MIB = 1024 ** 2;
  const describe = createTransferText(() => now, 10 * MIB);
  expect(describe(11 * MIB, 30 * MIB)).toBe('11.0 of 30.0 MiB');
  now = 2000;
  expect(describe(20 * MIB, 30 * MIB)).toBe('20.0 of 30.0 MiB, 5.0 MiB/s');
  expect(describe(20 * MIB, Number.NaN)).toBe('20.0 MiB, 5.0 MiB/s');
});
