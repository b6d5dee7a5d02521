import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { explain } from '../../../../src/common/errors/explain.ts';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import { withRoom } from '../../../../src/factory/machine/with-room.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

test('a full disk is said with the room in each place', async () => {
  const place = temporaryDirectory();
  const full = await writeFile('/dev/full', 'x').catch((error: unknown) => error);
  expect(withRoom(explain('make raw', full), [place, place, join(place, 'none')])).toMatchObject({
    code: 'DISK_FULL',
    message: 'make raw: no space is left on the filesystem',
    details: [expect.stringMatching(/^[\d.]+ [KMGT]?i?B free in \//)],
    remedy: expect.stringContaining('--output for artifacts'),
  });
  const bare = withRoom(new FactoryError('DISK_FULL', 'full', { details: ['a'] }), []);
  expect(bare).toMatchObject({ details: ['a'], remedy: undefined });
});

test('other errors stay as they are', () => {
  for (const error of [new FactoryError('TOOL_FAILED', 'x'), new Error('x'), undefined])
    expect(withRoom(error, ['/'])).toBe(error);
});
