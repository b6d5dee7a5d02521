import { expect, test } from 'vitest';
import { chooseBase } from '../../../../../src/factory/catalog/flavors/choose.ts';
import { openFlavor } from '../../../../../src/factory/catalog/flavors/load.ts';
import {
  aptLive,
  aptSnapshot,
  parseSnapshot,
  snapshotSources,
} from '../../../../../src/factory/catalog/flavors/snapshot.ts';
import { FLAVORS } from '../../../../../src/factory/pipeline/project-files.ts';
import { failureOf } from '../../../support/failure.ts';

test.each([
  ['2026-01-31', '20260131T000000Z'],
  ['2026-01-31T09:30:05Z', '20260131T093005Z'],
  ['20260131T093005Z', '20260131T093005Z'],
  ['2026-02-30', undefined],
  ['2026-13-01', undefined],
  ['2026-01-31T24:30:00Z', undefined],
  ['20260131', undefined],
  ['2026-01-31 09:30', undefined],
  ['yesterday', undefined],
])('parses the time %j as %j', (text, parsed) => expect(parseSnapshot(text)).toBe(parsed));

const flavorOf = async (name: string) => (await openFlavor(FLAVORS, name)).flavor;
const debian = { arch: 'amd64', releaseVersion: '12' };

test('the archives of Debian as of a time, and the live ones', async () => {
  const sources = snapshotSources(await flavorOf('debian'), debian, {
    suite: 'bookworm',
    timestamp: '20260131T093000Z',
  });
  const archive = 'http://snapshot.debian.org/archive';
  expect(aptSnapshot(sources, ['main', 'contrib'])).toEqual([
    `deb [check-valid-until=no] ${archive}/debian/20260131T093000Z bookworm main contrib`,
    `deb [check-valid-until=no] ${archive}/debian/20260131T093000Z bookworm-updates main contrib`,
    `deb [check-valid-until=no] ${archive}/debian-security/20260131T093000Z bookworm-security main contrib`,
  ]);
  expect(aptLive(sources, ['main'])).toEqual([
    'deb http://deb.debian.org/debian bookworm main',
    'deb http://deb.debian.org/debian bookworm-updates main',
    'deb http://security.debian.org/debian-security bookworm-security main',
  ]);
  const rolling = { arch: 'amd64', releaseVersion: '99' };
  const sid = snapshotSources(await flavorOf('debian'), rolling, {
    suite: 'sid',
    timestamp: '20260131T093000Z',
    mirror: 'http://here/past/',
  });
  expect(aptSnapshot(sid, ['main'])).toEqual([
    'deb [check-valid-until=no] http://here/past/debian/20260131T093000Z sid main',
  ]);
});

test.each([
  ['amd64', 'http://archive.ubuntu.com/ubuntu'],
  ['arm64', 'http://ports.ubuntu.com/ubuntu-ports'],
])('Ubuntu on %s', async (arch, live) => {
  const target = { arch, releaseVersion: '24.04' };
  const sources = snapshotSources(await flavorOf('ubuntu'), target, {
    suite: 'noble',
    timestamp: '20260131T093000Z',
  });
  expect(sources).toEqual([
    {
      uri: 'http://snapshot.ubuntu.com/ubuntu/20260131T093000Z',
      suites: ['noble', 'noble-updates', 'noble-security'],
      live,
    },
  ]);
});

test('Tumbleweed has daily snapshots, Leap has none', async () => {
  const flavor = await flavorOf('opensuse');
  const tumbleweed = { arch: 'amd64', releaseVersion: '99999999' };
  const [source] = snapshotSources(flavor, tumbleweed, {
    suite: 'tumbleweed',
    timestamp: '20260131T000000Z',
  });
  expect(source?.uri).toBe('http://download.opensuse.org/history/20260131/tumbleweed/repo/oss');
  const leap = () =>
    snapshotSources(
      flavor,
      { arch: 'amd64', releaseVersion: '15.6' },
      { suite: 'leap-15.6', timestamp: '20260131T000000Z' },
    );
  expect((await failureOf(leap, 'usage')).message).toBe(
    'flavor opensuse has no snapshot archive for leap-15.6',
  );
});

test.each(['fedora', 'rocky', 'almalinux', 'alpine', 'any'])('%s has no snapshots', async (name) => {
  const flavor = await flavorOf(name);
  const ask = () => snapshotSources(flavor, debian, { suite: '1', timestamp: '20260131T000000Z' });
  const error = await failureOf(ask, 'usage');
  expect(error.message).toContain(`flavor ${name} has no snapshot archive`);
  expect(error.remedy).toContain('--locked');
});

test('a day before the first snapshot is refused', async () => {
  const flavor = await flavorOf('ubuntu');
  const ask = () =>
    snapshotSources(
      flavor,
      { arch: 'amd64', releaseVersion: '22.04' },
      { suite: 'jammy', timestamp: '20230228T000000Z' },
    );
  expect((await failureOf(ask, 'usage')).message).toContain('begin on 2023-03-01');
});

test('a release with a base image is bootstrapped from a snapshot, because the image is not', async () => {
  const named = await openFlavor(FLAVORS, 'ubuntu');
  const request = { base: undefined, release: '24.04', mirror: undefined, arch: 'amd64' };
  expect(chooseBase(named, request).kind).toBe('reference');
  expect(chooseBase(named, { ...request, snapshot: '20260131T000000Z' })).toMatchObject({
    kind: 'bootstrap',
    suite: 'noble',
    snapshot: [{ uri: 'http://snapshot.ubuntu.com/ubuntu/20260131T000000Z' }],
  });
});
