import { describe, expect, test } from 'vitest';
import { interruptedBootCode } from '../../../../src/common/contract/interrupted-boot-code.ts';

describe('interruptedBootCode', () => {
  const code = interruptedBootCode();

  test('leaves the partition table free', () => {
    expect(code).toHaveLength(440);
  });

  test('points at its message, whose lines fit a text console', () => {
    // mov si, imm16: the address of the message once the BIOS has loaded the sector.
    const operand = code.indexOf(0xbe) + 1;
    const at = code.readUInt16LE(operand) - 0x7c00;
    const text = code.toString('ascii', at, code.indexOf(0, at));
    expect(text).toMatch(/^\r\nThe installation of this machine was interrupted/);
    for (const line of text.split('\r\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});
