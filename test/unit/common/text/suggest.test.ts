import { describe, expect, test } from 'vitest';
import { didYouMean } from '../../../../src/common/text/suggest.ts';

describe('didYouMean', () => {
  test('names the nearest known word', () => {
    expect(didYouMean('bokworm', ['bullseye', 'bookworm', 'trixie'])).toBe(' (did you mean "bookworm"?)');
  });

  test('is silent when nothing is near, or nothing known', () => {
    expect(didYouMean('fedora', ['bullseye', 'bookworm'])).toBe('');
    expect(didYouMean('fedora', [])).toBe('');
  });
});
