import { expect, test } from 'vitest';
import { unwritable } from '../../../../src/common/errors/unwritable.ts';

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: failed`), { code, errno: -1 });
}

test('a full disk keeps its own code; everything else is a path that cannot be written to', () => {
  const full = unwritable(systemError('ENOSPC'), 'cannot write /x', { remedy: 'Choose another.' });
  expect([full.code, full.kind]).toEqual(['DISK_FULL', 'step']);
  expect(full.message).toBe('cannot write /x: no space is left on the filesystem');
  expect(full.remedy).toContain('Free some space');
  for (const code of ['EACCES', 'ENOTDIR', 'EROFS', 'ENOENT'])
    expect(unwritable(systemError(code), 'cannot write /x', { remedy: 'Choose another.' })).toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
      remedy: 'Choose another.',
    });
});
