import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readPackages } from '../../../../src/factory/packages/read-packages.ts';
import { rpmPackage } from '../../../../src/factory/packages/rpm-header.ts';
import { ndbHeaders } from '../../../../src/factory/packages/rpm-ndb.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';
import { ndbDatabase, rpmHeader } from './rpm-format.ts';

// test/integration/packages.test.ts reads databases that the real rpm wrote.
const FIELDS = {
  name: 'bash',
  version: '5.2',
  release: '1.fc42',
  epoch: 1,
  license: 'GPL-3.0-or-later',
  vendor: 'Fedora Project',
  url: 'https://www.gnu.org/software/bash',
  arch: 'x86_64',
  sourceRpm: 'bash-source-5.2-1.fc42.src.rpm',
} as const;
const BASH = {
  ...{ type: 'rpm', name: 'bash', version: '1:5.2-1.fc42', arch: 'x86_64', licences: ['GPL-3.0-or-later'] },
  source: { name: 'bash-source', version: '5.2-1.fc42' },
  maintainer: 'Fedora Project',
  homepage: 'https://www.gnu.org/software/bash',
};

describe('rpmPackage', () => {
  test('reads the tags of a header', () => {
    expect(rpmPackage(rpmHeader(FIELDS))).toEqual(BASH);
  });

  test('reads a package without epoch, source and licence', () => {
    expect(rpmPackage(rpmHeader({ name: 'a', version: '1', release: '2' }))).toEqual({
      ...{ type: 'rpm', name: 'a', version: '1-2', arch: 'noarch', licences: [] },
    });
  });

  test('skips signing keys', () => {
    expect(rpmPackage(rpmHeader({ name: 'gpg-pubkey', version: '1', release: '2' }))).toBeUndefined();
  });

  test('rejects everything that is not a header, with a RangeError only', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => rpmPackage(bytes)).toThrow(RangeError);
      }),
    );
    const whole = rpmHeader(FIELDS);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length - 1 }), (length) => {
        expect(() => rpmPackage(whole.subarray(0, length))).toThrow(RangeError);
      }),
    );
  });
});

describe('ndb', () => {
  test('yields the headers of a database', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 100 }), { maxLength: 20 }), (blobs) => {
        expect([...ndbHeaders(ndbDatabase(blobs))].map((blob) => [...blob])).toEqual(
          blobs.map((blob) => [...blob]),
        );
      }),
    );
  });

  test('is read once from the directory of SUSE, although the old directory links to it', async () => {
    const root = plant(temporaryDirectory(), {
      'usr/lib/sysimage/rpm/Packages.db': ndbDatabase([rpmHeader(FIELDS)]),
      'var/lib/rpm': { link: '../../usr/lib/sysimage/rpm' },
    });
    expect(await readPackages(root)).toEqual([BASH]);
  });
});

describe('a database that cannot be read', () => {
  test.each([
    [
      'usr/lib/sysimage/rpm/Packages.db',
      'nonsense',
      /Packages\.db of the image cannot be read: "RpmP" is missing at byte 0/,
    ],
    ['var/lib/rpm/rpmdb.sqlite', 'nonsense', /rpmdb\.sqlite of the image cannot be read/],
    ['var/lib/rpm/Packages', 'b-tree', /in a format that rpm has dropped/],
  ])('%s', async (path, content, message) => {
    const root = plant(temporaryDirectory(), { [path]: content });
    await expect(readPackages(root)).rejects.toThrow(
      expect.objectContaining({ kind: 'step', message: expect.stringMatching(message) }),
    );
  });
});
