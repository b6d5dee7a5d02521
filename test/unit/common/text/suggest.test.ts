import { describe, expect, test } from 'vitest';
import { didYouMean } from '../../../../src/common/text/suggest.ts';

describe('didYouMean', () => {
  test('suggests the most similar word', () => {
    expect(didYouMean('bokworm', ['bullseye', 'bookworm', 'trixie'])).toBe(' (did you mean "bookworm"?)');
  });

  test('suggests nothing when no word is similar or known', () => {
    expect(didYouMean('fedora', ['bullseye', 'bookworm'])).toBe('');
    expect(didYouMean('fedora', [])).toBe('');
  });
});
