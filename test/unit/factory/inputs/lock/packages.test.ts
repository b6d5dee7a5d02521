import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readLock } from '../../../../../src/factory/inputs/lock/lock-file.ts';
import {
  packageLockName,
  packageVersions,
  rememberPackages,
  requireLockedPackages,
  requireSamePackages,
} from '../../../../../src/factory/inputs/lock/packages.ts';
import type { InstalledPackage } from '../../../../../src/factory/packages/installed-package.ts';
import { failureOf } from '../../../support/failure.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const identity = { flavor: 'debian', flavorRelease: '12', variant: 'core', arch: 'amd64', model: 'generic' };
const installed = (name: string, version: string, arch = 'amd64'): InstalledPackage => ({
  type: 'deb',
  name,
  version,
  arch,
  licences: [],
});

test.each([
  [{ identity, kernel: 'cloud' }, 'debian-12-core-amd64-generic/cloud'],
  [{ identity, kernel: undefined }, 'debian-12-core-amd64-generic'],
  [{ identity, kernel: 'cloud', target: 'edge' }, 'edge/debian-12-core-amd64-generic/cloud'],
])('the packages of %j have a name', (build, name) => expect(packageLockName(build)).toBe(name));

test('versions are keyed by name and architecture, with several versions of one package together', () => {
  const packages = [
    installed('kernel', '6.1-1', 'x86_64'),
    installed('kernel', '6.2-1', 'x86_64'),
    installed('keys', '1', ''),
  ];
  expect(packageVersions(packages)).toEqual({ 'kernel:x86_64': '6.1-1 6.2-1', keys: '1' });
});

test('a build is recorded, and later changes are reported', async () => {
  const file = join(temporaryDirectory(), 'kairos-factory.lock');
  const [first, second] = [
    { archive: '2026-01-01T00:00:00Z', installed: { 'a:all': '1', 'b:amd64': '1' } },
    { archive: '2026-02-01T00:00:00Z', installed: { 'b:amd64': '2', 'c:amd64': '1' } },
  ];
  expect(await rememberPackages(file, 'x', first)).toEqual([]);
  expect(await rememberPackages(file, 'y', first)).toEqual([]);
  expect(await rememberPackages(file, 'x', second)).toEqual([
    { package: 'a:all', before: '1' },
    { package: 'b:amd64', before: '1', after: '2' },
    { package: 'c:amd64', after: '1' },
  ]);
  expect(readLock(file).packages).toEqual({ x: second, y: first });
});

test('a build that is not locked is refused, and the error lists the locked builds', async () => {
  const file = join(temporaryDirectory(), 'kairos-factory.lock');
  expect((await failureOf(() => requireLockedPackages(file, 'x'), 'usage')).details).toEqual([]);
  await rememberPackages(file, 'y', { installed: { 'a:all': '1' } });
  const error = await failureOf(() => requireLockedPackages(file, 'x'), 'usage');
  expect(error.details).toEqual(['it has: y']);
  expect(error.remedy).toContain('lock --packages');
  expect(requireLockedPackages(file, 'y')).toEqual({ installed: { 'a:all': '1' } });
});

test('a difference lists every package, and names a snapshot with the locked versions if there is one', async () => {
  const locked = { archive: '2026-01-01T06:00:00Z', installed: { 'a:all': '1', 'b:amd64': '1:1.0-1' } };
  expect(() =>
    requireSamePackages('x', { locked, found: { 'b:amd64': '1:1.0-1', 'a:all': '1' }, hasSnapshots: true }),
  ).not.toThrow();
  const drift = () =>
    requireSamePackages('x', { locked, found: { 'b:amd64': '1:1.0-2', 'c:amd64': '3' }, hasSnapshots: true });
  const error = await failureOf(drift, 'verification');
  expect(error.message).toBe('x: 3 packages differ from the lock');
  expect(error.details).toEqual([
    'removed  a:all 1',
    'changed  b:amd64 1:1.0-1 -> 1:1.0-2',
    'added    c:amd64 3',
  ]);
  expect(error.remedy).toContain('--snapshot 2026-01-01T06:00:00Z');
  const without = await failureOf(
    () => requireSamePackages('x', { locked, found: {}, hasSnapshots: false }),
    'verification',
  );
  expect(without.remedy).not.toContain('--snapshot');
});
