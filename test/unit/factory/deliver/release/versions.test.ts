import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareApkVersions } from '../../../../../src/factory/deliver/release/apk-version.ts';
import { compareDebVersions } from '../../../../../src/factory/deliver/release/deb-version.ts';
import { compareRpmVersions } from '../../../../../src/factory/deliver/release/rpm-version.ts';

type Compare = (a: string, b: string) => number;

/** Texts that resemble versions closely enough to reach every branch. */
const texts = (alphabet: string) =>
  fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 8 }).map((text) => `1${text}`);

const KINDS: readonly (readonly [string, Compare, string])[] = [
  ['deb', compareDebVersions, '0019ab~+.:-'],
  ['rpm', compareRpmVersions, '0019ab~^._:-'],
  ['apk', compareApkVersions, '0019a._pr-~'],
];

describe.each(KINDS)('the order of %s versions', (_kind, compare, alphabet) => {
  const version = texts(alphabet);

  test('is antisymmetric', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(Math.sign(compare(a, b)) + Math.sign(compare(b, a))).toBe(0);
        expect(compare(a, a)).toBe(0);
      }),
    );
  });

  test('is transitive', () => {
    fc.assert(
      fc.property(fc.array(version, { minLength: 3, maxLength: 3 }), (three) => {
        const [a = '', b = '', c = ''] = three.sort((x, y) => compare(x, y));
        expect(compare(a, b)).toBeLessThanOrEqual(0);
        expect(compare(b, c)).toBeLessThanOrEqual(0);
        expect(compare(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });

  test('compares integers of any length by value', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 30n }),
        fc.bigInt({ min: 0n, max: 10n ** 30n }),
        (a, b) => {
          expect(Math.sign(compare(`${a}`, `${b}`))).toBe(a < b ? -1 : a > b ? 1 : 0);
        },
      ),
    );
  });
});

function rising(compare: Compare, versions: readonly string[]): void {
  versions.forEach((version, index) => {
    for (const later of versions.slice(index + 1)) {
      expect([version, later, Math.sign(compare(version, later))]).toEqual([version, later, -1]);
      expect([later, version, Math.sign(compare(later, version))]).toEqual([later, version, 1]);
    }
  });
}

function same(compare: Compare, pairs: readonly (readonly [string, string])[]): void {
  for (const [a, b] of pairs) expect([a, b, compare(a, b)]).toEqual([a, b, 0]);
}

describe('deb', () => {
  test('a tilde sorts before the end, letters before other characters (deb-version(7))', () => {
    rising(compareDebVersions, ['1~~', '1~~a', '1~', '1', '1a', '1+', '1.']);
  });

  test('the epoch counts first, the revision last, and numbers by value', () => {
    rising(compareDebVersions, ['1.2-1', '1.2-1+b1', '1.2-2', '1.2-10', '1.10-1', '1:0.1-1', '2:0']);
    rising(compareDebVersions, ['2.36-9+deb12u9', '2.36-9+deb12u13', '2.41-12']);
    rising(compareDebVersions, ['1.2.3~rc1-1', '1.2.3-1~bpo12+1', '1.2.3-1', '1.2.3-1ubuntu1']);
    same(compareDebVersions, [
      ['1.0', '1.0-0'],
      ['0:1.0', '1.0'],
      ['1.00', '1.0'],
    ]);
  });

  test('an upstream version may contain hyphens and colons', () => {
    rising(compareDebVersions, ['1-2-3', '1-2-4', '1-10-1']);
    rising(compareDebVersions, ['1:2:3', '1:2:4']);
  });
});

describe('rpm', () => {
  test('compares tildes, carets, segments and epochs (rpm-version(7), rpmvercmp of rpm)', () => {
    rising(compareRpmVersions, ['1.0~rc1', '1.0', '1.0^git1', '1.0^git2', '1.0.1']);
    rising(compareRpmVersions, ['1.0~rc1^git1', '1.0~rc2', '1.0']);
    rising(compareRpmVersions, ['1.0a', '1.0.1', '1.0.10', '2']);
    rising(compareRpmVersions, ['6.0', '6.0.rc1', '6.0.1']);
    rising(compareRpmVersions, [
      '1.2',
      '1.2-1~rc1.fc42',
      '1.2-1.fc42',
      '1.2-1.fc43',
      '1.2-2.fc42',
      '1.10-1.fc42',
      '1:0.1-1.fc42',
    ]);
    same(compareRpmVersions, [
      ['2_0', '2.0'],
      ['1.05', '1.5'],
      ['0:1.0-1', '1.0-1'],
    ]);
  });
});

describe('apk', () => {
  test('compares suffixes, letters and revisions (apk-package(5))', () => {
    rising(compareApkVersions, [
      '1.2_alpha',
      '1.2_alpha2',
      '1.2_beta',
      '1.2_pre1',
      '1.2_rc1',
      '1.2_rc10',
      '1.2',
      '1.2-r1',
      '1.2-r10',
      '1.2_git20240101',
      '1.2_p1',
      '1.2a',
      '1.2b',
      '1.2.0',
      '1.2.1',
      '1.10',
    ]);
    rising(compareApkVersions, ['0.9', '1.01', '1.1', '1.9', '1.10']);
  });
});
