import { userInfo } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findIdRange, subordinateIds } from '../../../../src/factory/engine/subordinate-ids.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const USER = { username: 'ada', uid: 1000 };

describe('the subordinate ids of a user', () => {
  test.each([
    ['by name', 'root:1:2\nada:100000:65536\n', { start: 100_000, count: 65_536 }],
    ['by number', '1000:5:6', { start: 5, count: 6 }],
    ['first of several', 'ada:1:10\nada:20:30\n', { start: 1, count: 10 }],
    ['after a line that is not one', '# comment\nada:\nada:7:8\n', { start: 7, count: 8 }],
  ])('are found %s', (_, text, range) => {
    expect(findIdRange(text, USER)).toEqual(range);
  });

  test.each([
    ['in an empty file', ''],
    ['of a user whose name begins alike', 'adams:1:2\nxada:1:2\n10000:1:2\n'],
    ['in a line without a count', 'ada:100000\n'],
    ['in a line with a count that is not a number', 'ada:100000:many\n'],
    ['in a range of no ids', 'ada:100000:0\n'],
  ])('are not found %s', (_, text) => {
    expect(findIdRange(text, USER)).toBeUndefined();
  });

  test('are found on any line', () => {
    const id = fc.integer({ min: 1, max: 2 ** 32 - 1 });
    const other = fc.tuple(fc.stringMatching(/^[b-z][a-z]{0,8}$/), id, id).map((parts) => parts.join(':'));
    fc.assert(
      fc.property(fc.array(other), fc.array(other), id, id, (before, after, start, count) => {
        const text = [...before, `ada:${start}:${count}`, ...after].join('\n');
        expect(findIdRange(text, USER)).toEqual({ start, count });
      }),
    );
  });

  test('are read from the file for the current user', async () => {
    const home = plant(temporaryDirectory(), { subuid: `${userInfo().username}:300000:1000\n` });
    expect(await subordinateIds(join(home, 'subuid'))).toEqual({ start: 300_000, count: 1000 });
  });

  test.each(['an empty file', 'no file'])(
    'that are missing, with %s, are an error with the command that adds them',
    async (kind) => {
      const home = plant(temporaryDirectory(), kind === 'no file' ? {} : { subuid: '' });
      const error = await failureOf(() => subordinateIds(join(home, 'subuid')), 'tool');
      expect(error.message).toContain(join(home, 'subuid'));
      expect(error.remedy).toContain(
        `--add-subuids 100000-165535 --add-subgids 100000-165535 ${userInfo().username}`,
      );
    },
  );
});
