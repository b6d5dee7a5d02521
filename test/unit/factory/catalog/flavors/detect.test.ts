import { describe, expect, test } from 'vitest';
import { parseOsRelease } from '../../../../../src/common/contract/os-release.ts';
import { borrowedNotice } from '../../../../../src/factory/catalog/flavors/choose.ts';
import {
  detectFlavor,
  fitFlavor,
  type OsRelease,
} from '../../../../../src/factory/catalog/flavors/detect.ts';
import { openAllFlavors } from '../../../../../src/factory/catalog/flavors/load.ts';
import { FLAVORS } from '../../../../../src/factory/pipeline/project-files.ts';
import { failureOf } from '../../../support/failure.ts';

const flavors = await openAllFlavors(FLAVORS);

function named(name: string) {
  const found = flavors.find(({ flavor }) => flavor.name === name);
  if (!found) throw new Error(`no flavor ${name}`);
  return found;
}

/** The relevant lines of os-release, as shipped by the distributions. */
function osRelease(...lines: readonly string[]): OsRelease {
  return Object.fromEntries(parseOsRelease(lines.join('\n')));
}

/** The flavor, names and version detected for a base. */
function found(...lines: readonly string[]) {
  const { loaded, distribution } = detectFlavor(flavors, osRelease(...lines));
  const { name, release, version, borrowed } = distribution;
  return [loaded.flavor.name, name, release, version, borrowed];
}

describe('a distribution with a flavor is detected by its ID', () => {
  test.each([
    [
      ['ID=debian', 'VERSION_ID="12"', 'VERSION_CODENAME=bookworm'],
      ['debian', 'debian', '12', '12', false],
    ],
    [
      ['ID=debian', 'VERSION_CODENAME=sid', 'PRETTY_NAME="Debian GNU/Linux trixie/sid"'],
      ['debian', 'debian', 'sid', '99', false],
    ],
    [
      ['ID=debian', 'VERSION_CODENAME=forky'],
      ['debian', 'debian', 'sid', '99', false],
    ],
    [
      ['ID=ubuntu', 'ID_LIKE=debian', 'VERSION_ID="24.04"'],
      ['ubuntu', 'ubuntu', '24.04', '24.04', false],
    ],
  ])('%j', (lines, expected) => expect(found(...lines)).toEqual(expected));
});

describe('a distribution without a flavor is built with a related one, under its own name', () => {
  test.each([
    // Linux Mint has its own versions; the code name says which Ubuntu it is based on.
    [
      ['ID=linuxmint', 'ID_LIKE="ubuntu debian"', 'VERSION_ID="22"', 'UBUNTU_CODENAME=noble'],
      ['ubuntu', 'linuxmint', '22', '24.04', true],
    ],
    [
      ['ID=linuxmint', 'ID_LIKE=debian', 'VERSION_ID="6"', 'DEBIAN_CODENAME=bookworm'],
      ['debian', 'linuxmint', '6', '12', true],
    ],
    [
      ['ID=raspbian', 'ID_LIKE=debian', 'VERSION_ID="11"', 'VERSION_CODENAME=bullseye'],
      ['debian', 'raspbian', '11', '11', true],
    ],
    [
      ['ID=pop', 'ID_LIKE="ubuntu debian"', 'VERSION_ID="22.04"', 'VERSION_CODENAME=jammy'],
      ['ubuntu', 'pop', '22.04', '22.04', true],
    ],
    [
      ['ID=kali', 'ID_LIKE=debian', 'VERSION_ID="2025.2"'],
      ['debian', 'kali', '2025.2', '2025.2', true],
    ],
    [
      ['ID=nameless', 'ID_LIKE=debian'],
      ['debian', 'nameless', 'rolling', '99', true],
    ],
  ])('%j', (lines, expected) => expect(found(...lines)).toEqual(expected));

  test('with a notice that names the flavor', () => {
    const lines = ['ID=linuxmint', 'ID_LIKE="ubuntu debian"', 'VERSION_ID="22"', 'UBUNTU_CODENAME=noble'];
    expect(borrowedNotice(detectFlavor(flavors, osRelease(...lines)))).toBe(
      '"linuxmint" 22 has no flavor of its own, so it is built with the packages of ubuntu 24.04',
    );
    expect(borrowedNotice(detectFlavor(flavors, osRelease('ID=debian', 'VERSION_ID=12')))).toBeUndefined();
  });
});

test('refuses a base without a matching flavor, and lists the flavors', async () => {
  const error = await failureOf(
    () => detectFlavor(flavors, osRelease('ID=plan9', 'ID_LIKE="bell labs"')),
    'usage',
  );
  expect(error.message).toBe('no flavor matches the base "plan9" (ID_LIKE "bell labs")');
  expect(error.remedy).toContain('debian');
  const silent = await failureOf(() => detectFlavor(flavors, {}), 'usage');
  expect(silent.message).toContain('the base ""');
});

test.each(['VERSION_ID="../../x"', 'VERSION_ID="1 2"', 'VERSION_ID=""'])(
  'refuses %s, which would become part of file names',
  async (line) => {
    for (const id of ['ID=debian', 'ID=other\nID_LIKE=debian'])
      expect((await failureOf(() => found(id, line), 'usage')).message).toContain('cannot be part of a name');
  },
);

describe('a chosen flavor', () => {
  test('must match the base', async () => {
    const error = await failureOf(
      () => fitFlavor(named('ubuntu'), osRelease('ID=debian', 'VERSION_ID=12')),
      'usage',
    );
    expect(error.message).toBe('flavor ubuntu is not for the base "debian"');
    expect(error.remedy).toContain('ID=ubuntu');
  });

  test('may be related to the base, with a notice', () => {
    const mint = osRelease(
      'ID=linuxmint',
      'ID_LIKE="ubuntu debian"',
      'VERSION_ID=22',
      'UBUNTU_CODENAME=noble',
    );
    const detected = fitFlavor(named('ubuntu'), mint);
    expect(detected.distribution).toMatchObject({ name: 'linuxmint', release: '22', borrowed: true });
    expect(borrowedNotice(detected)).toContain('ubuntu');
  });
});

describe('a flavor of several distributions', () => {
  const loaded = {
    ...named('debian'),
    flavor: {
      ...named('debian').flavor,
      name: 'opensuse',
      'os-release-id': { 'opensuse-leap': 'leap-{version}', 'opensuse-tumbleweed': 'tumbleweed' },
      'os-release-like': ['suse', 'sles'],
    },
  };
  test.each([
    [['ID="opensuse-leap"', 'VERSION_ID="15.6"'], 'leap-15.6', '15.6'],
    [['ID="opensuse-tumbleweed"', 'VERSION_ID="20250930"'], 'tumbleweed', '20250930'],
  ])('names its releases according to the contract: %j', (lines, release, version) => {
    const { distribution } = detectFlavor([loaded], osRelease(...lines));
    expect(distribution).toEqual({ name: 'opensuse', release, version, borrowed: false });
  });

  test('is used for related distributions', () => {
    const { distribution } = detectFlavor([loaded], osRelease('ID=sles', 'ID_LIKE=suse', 'VERSION_ID=15.7'));
    expect(distribution).toEqual({ name: 'sles', release: '15.7', version: '15.7', borrowed: true });
  });
});
