import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { takeBuildNotices } from '../../../../../src/factory/image/root/build-notices.ts';
import { DIRECTORY, plant, temporaryDirectory } from '../../../support/temporary.ts';

test('the notices of a build are shown once, without control characters', async () => {
  const root = plant(temporaryDirectory(), { 'boot/kairos-notices': 'one\n\ntwo \u001b[2J\n' });
  expect(await takeBuildNotices(root)).toEqual(['one', 'two \\x1b[2J']);
  expect(readdirSync(join(root, 'boot'))).toEqual([]);
  expect(await takeBuildNotices(root)).toEqual([]);
});

test('a directory of that name is left alone', async () => {
  const root = plant(temporaryDirectory(), { 'boot/kairos-notices': DIRECTORY });
  expect(await takeBuildNotices(root)).toEqual([]);
});
