import { describe, expect, test } from 'vitest';
import { didYouMean } from '../../../../src/common/text/suggest.ts';

describe('didYouMean', () => {
  test('suggests the most similar word', () => {
    expect(didYouMean('bokworm', ['bullseye', 'bookworm', 'trixie'])).toBe(' (did you mean "bookworm"?)');
  });

  test('suggests our word for that of another tool, where it is known', () => {
    expect(didYouMean('x86_64', ['amd64', 'arm64'])).toBe(' (did you mean "amd64"?)');
    expect(didYouMean('x86_64', ['bios', 'uefi'])).toBe('');
    expect(didYouMean('UEFY', ['bios', 'uefi'])).toBe(' (did you mean "uefi"?)');
  });

  test('suggests nothing when no word is similar or known', () => {
    expect(didYouMean('fedora', ['bullseye', 'bookworm'])).toBe('');
    expect(didYouMean('fedora', [])).toBe('');
  });
});
