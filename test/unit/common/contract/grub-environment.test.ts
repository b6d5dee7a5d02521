import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { grubEnvironment, parseGrubEnvironment } from '../../../../src/common/contract/grub-environment.ts';

const HEADER = '# GRUB Environment Block\n';
/** Bytes that are left for variables. */
const ROOM = 1024 - HEADER.length;

describe('grubEnvironment', () => {
  test('writes the header, one line for each variable, and fills with #', () => {
    const block = grubEnvironment({ next_entry: 'recovery', saved_entry: '' }).toString();
    expect(block).toMatch(/^# GRUB Environment Block\nnext_entry=recovery\nsaved_entry=\n#+$/);
    expect(block).toHaveLength(1024);
  });

  test('is 1024 bytes for any variables that fit, and reads back as they were', () => {
    const variables = fc.dictionary(
      fc.stringMatching(/^[a-z_]{1,8}$/),
      fc.string({ unit: 'grapheme', maxLength: 4 }).filter((value) => !value.includes('\n')),
      { maxKeys: 4 },
    );
    fc.assert(
      fc.property(variables, (wanted) => {
        const block = grubEnvironment(wanted);
        expect(block).toHaveLength(1024);
        expect(parseGrubEnvironment(block)).toEqual(new Map(Object.entries(wanted)));
      }),
    );
  });

  test('takes variables that fill it to the last byte, and not one byte more', () => {
    const value = 'x'.repeat(ROOM - 'a=\n'.length);
    expect(grubEnvironment({ a: value }).toString()).toBe(`${HEADER}a=${value}\n`);
    expect(() => grubEnvironment({ a: `${value}x` })).toThrow(RangeError);
  });

  test('writes a backslash as GRUB does, which takes it as the mark of the character after it', () => {
    expect(grubEnvironment({ _: '\\' }).toString()).toContain('\n_=\\\\\n');
  });

  test('counts bytes, not characters', () => {
    expect(() => grubEnvironment({ a: 'é'.repeat(ROOM / 2) })).toThrow(RangeError);
  });

  test('refuses a value with a line break', () => {
    expect(() => grubEnvironment({ extra_cmdline: 'quiet\nnext_entry=recovery' })).toThrow(/line break/);
  });
});
