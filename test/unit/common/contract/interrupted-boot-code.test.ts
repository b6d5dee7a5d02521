import { describe, expect, test } from 'vitest';
import { interruptedBootCode } from '../../../../src/common/contract/interrupted-boot-code.ts';

describe('interruptedBootCode', () => {
  const code = interruptedBootCode();

  test('fits beside the partition table', () => {
    expect(code).toHaveLength(440);
  });

  test('prints, from where it points at, lines that a text console has room for', () => {
    // mov si, imm16: the address at which a BIOS puts what stands there.
    const operand = code.indexOf(0xbe) + 1;
    const at = code.readUInt16LE(operand) - 0x7c00;
    const text = code.toString('ascii', at, code.indexOf(0, at));
    expect(text).toMatch(/^\r\nThe installation of this machine was interrupted/);
    for (const line of text.split('\r\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});
