import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkRoom, filesystemsOf, requireRoom } from '../../../../src/factory/machine/room.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const GIB = 1024 ** 3;
const need = (path: string, likely: number, least = likely / 2) => ({
  path,
  purpose: `what is in ${path}`,
  likely,
  least,
  elsewhere: `FLAG for ${path}`,
});

test('needs on one filesystem are added, also of directories that do not exist yet', async () => {
  const home = temporaryDirectory();
  const [only, ...others] = await filesystemsOf([need(home, 1), need(join(home, 'new/out'), 2)]);
  expect(others).toEqual([]);
  expect(only?.needs.map(({ path }) => path)).toEqual([home, join(home, 'new/out')]);
  expect(only?.free).toBeGreaterThan(0);
});

test('another filesystem is counted on its own', async () => {
  const found = await filesystemsOf([need(temporaryDirectory(), 1), need('/proc/self', 1)]);
  expect(found.map(({ free }) => free > 0)).toEqual([true, false]);
});

test('a directory that nothing can be written to is reported, whatever room it has', async () => {
  const home = plant(temporaryDirectory(), { file: '' });
  const needs = [need(join(home, 'new'), 0), need(join(home, 'file'), 0), need(join(home, 'file/below'), 0)];
  const checks = checkRoom(await filesystemsOf(needs));
  expect(checks.map(({ state }) => state)).toEqual(['ok', 'fault', 'fault']);
  expect(checks[2]?.problem).toBe(`${join(home, 'file')} is not a directory`);
  expect(checks[2]?.remedy).toBe(`FLAG for ${join(home, 'file/below')}`);
});

test.each([
  [9 * GIB, 'ok'],
  [5 * GIB, 'warning'],
  [2 * GIB, 'fault'],
])('%d bytes free for 6 GiB: %s', (free, state) => {
  const checks = checkRoom([
    { free, needs: [need('/cache', 4 * GIB), need('/out', 2 * GIB), need('/idle', 0)] },
  ]);
  expect(checks.map((check) => check.state)).toEqual([state, state, 'ok']);
});

test('a build without enough room is refused, with every directory and its flag', async () => {
  const full = { free: GIB, needs: [need('/cache', 3 * GIB), need('/out', 2 * GIB), need('/tmp', 0)] };
  const error = await failureOf(async () => requireRoom([{ free: 9 * GIB, needs: [] }, full]), 'step');
  expect([error.code, error.message]).toEqual([
    'DISK_FULL',
    'too little room for this build: 1.00 GiB free for about 5.00 GiB in /cache and /out',
  ]);
  expect(error.details).toEqual([
    '/cache: what is in /cache, about 3.00 GiB',
    '/out: what is in /out, about 2.00 GiB',
  ]);
  expect(error.remedy).toContain('FLAG for /cache, FLAG for /out');
  requireRoom([{ free: 3 * GIB, needs: full.needs }]);
});
