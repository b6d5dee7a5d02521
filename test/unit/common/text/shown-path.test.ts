import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { shownPath } from '../../../../src/common/text/shown-path.ts';

test('a path is relative where that is shorter to read, and never leads upwards', () => {
  const here = process.cwd();
  expect(shownPath(here)).toBe('.');
  expect(shownPath(join(here, 'build/os.iso'))).toBe('build/os.iso');
  expect(shownPath(join(here, '..build'))).toBe('..build');
  expect(shownPath(dirname(here))).toBe(dirname(here));
  expect(shownPath('/var/tmp/out')).toBe('/var/tmp/out');
});
