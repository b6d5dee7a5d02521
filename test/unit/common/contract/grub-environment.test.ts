import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { grubEnvironment, parseGrubEnvironment } from '../../../../src/common/contract/grub-environment.ts';

const HEADER = '# GRUB Environment Block\n';
/** Bytes available for variables. */
const ROOM = 1024 - HEADER.length;

describe('grubEnvironment', () => {
  test('writes the header and one line per variable, and pads with #', () => {
    const block = grubEnvironment({ next_entry: 'recovery', saved_entry: '' }).toString();
    expect(block).toMatch(/^# GRUB Environment Block\nnext_entry=recovery\nsaved_entry=\n#+$/);
    expect(block).toHaveLength(1024);
  });

  test('is 1024 bytes for any variables that fit, and can be read back', () => {
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

  test('accepts variables that fill it exactly, and refuses one byte more', () => {
    const value = 'x'.repeat(ROOM - 'a=\n'.length);
    expect(grubEnvironment({ a: value }).toString()).toBe(`${HEADER}a=${value}\n`);
    expect(() => grubEnvironment({ a: `${value}x` })).toThrow(RangeError);
  });

  test('escapes a backslash as GRUB does', () => {
    expect(grubEnvironment({ _: '\\' }).toString()).toContain('\n_=\\\\\n');
  });

  test('counts bytes, not characters', () => {
    expect(() => grubEnvironment({ a: 'é'.repeat(ROOM / 2) })).toThrow(RangeError);
  });

  test('refuses a value with a line break', () => {
    expect(() => grubEnvironment({ extra_cmdline: 'quiet\nnext_entry=recovery' })).toThrow(/line break/);
  });
});
