import { expect, test } from 'vitest';
import { formatDuration } from '../../../../src/common/text/duration-text.ts';

test.each([
  [0.04, '0.0 s'],
  [9.94, '9.9 s'],
  [9.96, '10 s'],
  [59.6, '1 min 00 s'],
  [200, '3 min 20 s'],
  [3900, '1 h 05 min'],
])('%d seconds are %j', (seconds, text) => expect(formatDuration(seconds)).toBe(text));
