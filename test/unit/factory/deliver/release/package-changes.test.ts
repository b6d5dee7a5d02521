import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countChanges, packageChanges } from '../../../../../src/factory/deliver/release/package-changes.ts';
import {
  type ReleasedPackage,
  spdxPackages,
} from '../../../../../src/factory/deliver/release/spdx-packages.ts';
import { failureOf } from '../../../support/failure.ts';
import { CHANGES, deb } from './support/sample.ts';

const rpm = (name: string, version: string): ReleasedPackage => ({
  type: 'rpm',
  name,
  version,
  arch: 'x86_64',
});

describe('changes of packages', () => {
  test('follow the version order of the package manager', () => {
    expect(CHANGES).toEqual({
      added: [{ name: 'new', version: '1:1.0~rc1', arch: 'amd64' }],
      removed: [{ name: 'gone', version: '1', arch: 'amd64' }],
      upgraded: [{ name: 'bash', arch: 'amd64', from: '5.2-1', to: '5.2-2' }],
      downgraded: [{ name: 'curl', arch: 'amd64', from: '8.1-1', to: '8.0-9' }],
    });
    // In rpm, a caret sorts after the end of the text; dpkg does not allow it.
    const rpms = packageChanges([rpm('a', '1.0')], [rpm('a', '1.0^git1')]);
    expect(rpms.upgraded).toHaveLength(1);
  });

  test('distinguish architectures, and add and remove one of several installed versions', () => {
    const kernels = packageChanges(
      [rpm('kernel', '6.1-1'), rpm('kernel', '6.2-1')],
      [rpm('kernel', '6.2-1'), rpm('kernel', '6.3-1')],
    );
    expect(kernels).toMatchObject({
      added: [{ name: 'kernel', version: '6.3-1' }],
      removed: [{ name: 'kernel', version: '6.1-1' }],
      upgraded: [],
    });
    const arches = packageChanges([deb('libc6', '1', 'i386')], [deb('libc6', '1', 'amd64')]);
    expect([arches.added.length, arches.removed.length, arches.upgraded.length]).toEqual([1, 1, 0]);
  });

  test('are reversed when the lists are swapped, and empty for equal lists', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const version = fc.constantFrom('1', '1~', '1.2-1', '2:1', '10');
    const list = fc.uniqueArray(fc.tuple(name, version), { selector: ([key]) => key });
    fc.assert(
      fc.property(list, list, (one, two) => {
        const [before, after] = [one, two].map((pairs) => pairs.map(([key, value]) => deb(key, value)));
        const there = packageChanges(before ?? [], after ?? []);
        const back = packageChanges(after ?? [], before ?? []);
        expect(there.added).toEqual(back.removed);
        expect(there.upgraded.map(({ from, to }) => [to, from])).toEqual(
          back.downgraded.map(({ from, to }) => [from, to]),
        );
        expect(countChanges(packageChanges(before ?? [], before ?? []))).toBe(0);
      }),
    );
  });
});

describe('packages of an SPDX document', () => {
  const reference = (referenceLocator: string) => ({
    referenceCategory: 'PACKAGE-MANAGER',
    referenceType: 'purl',
    referenceLocator,
  });
  const document = (packages: readonly object[]) => JSON.stringify({ spdxVersion: 'SPDX-2.3', packages });

  test('come from package managers, with versions in their notation', () => {
    const text = document([
      { name: 'the image', versionInfo: 'v1.2.3', externalRefs: [] },
      {
        name: 'zlib',
        versionInfo: '2:1.3-1.fc42',
        externalRefs: [reference('pkg:rpm/fedora/zlib@1.3-1.fc42?arch=x86_64&epoch=2')],
      },
      {
        name: 'musl',
        versionInfo: '1.2.5-r9',
        externalRefs: [reference('pkg:apk/alpine/musl@1.2.5-r9?arch=aarch64')],
      },
      { name: 'a', versionInfo: '1', externalRefs: [reference('pkg:deb/debian/a@1')] },
      { name: 'agent', versionInfo: '1', externalRefs: [reference('pkg:github/kairos-io/agent@1')] },
    ]);
    expect(spdxPackages(text, 'document')).toEqual([
      { type: 'deb', name: 'a', version: '1', arch: '' },
      { type: 'apk', name: 'musl', version: '1.2.5-r9', arch: 'aarch64' },
      { type: 'rpm', name: 'zlib', version: '2:1.3-1.fc42', arch: 'x86_64' },
    ]);
  });

  test.each(['', '[]', '{"spdxVersion":"SPDX-3.0"}', '{"spdxVersion":"SPDX-2.3","packages":[{}]}'])(
    'are not read from %s',
    async (text) => {
      const { message } = await failureOf(() => spdxPackages(text, 'FILE'), 'verification');
      expect(message).toBe('FILE is not an SPDX 2 document in JSON');
    },
  );
});
