import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listFlavors, loadFlavor } from '../../../src/flavors/load.ts';
import { parseOsRelease } from '../../../src/flavors/os-release.ts';
import { releaseVersion, select } from '../../../src/flavors/select.ts';
import { FLAVORS } from '../../../src/pipeline/session.ts';
import { failureOf } from '../../support/failure.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

/** A folder of flavors: the real family and the given files. */
function flavorsOf(files: Record<string, string>): string {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'families'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
}

describe('the flavors that are shipped', async () => {
  for (const name of await listFlavors(FLAVORS)) {
    test(`${name} is valid, and every release of it has packages and kernels`, async () => {
      const flavor = await loadFlavor(FLAVORS, name);
      expect(flavor.name).toBe(name);
      expect(Object.keys(flavor.releases)).toContain(flavor['default-release']);
      for (const { version } of Object.values(flavor.releases)) {
        for (const kernel of Object.keys(flavor.kernels)) {
          const selection = select(flavor, { arch: 'amd64', releaseVersion: version }, kernel, []);
          expect(selection.packages).toContain('dracut');
          expect(new Set(selection.packages).size).toBe(selection.packages.length);
        }
      }
    });
  }
});

test('debian: what a release or an arch lacks is not asked for', async () => {
  const debian = await loadFlavor(FLAVORS, 'debian');
  const packages = (version: string, arch = 'amd64') =>
    select(debian, { arch, releaseVersion: version }, 'cloud', ['extra']).packages;
  expect(packages('11')).not.toContain('systemd-resolved');
  expect(packages('12')).toContain('systemd-resolved');
  expect(packages('12')).toContain('linux-image-cloud-amd64');
  expect(packages('12')).toContain('extra');
  expect(packages('12', 'arm64')).toContain('grub-efi-arm64-signed');
  expect(packages('12', 'arm64').filter((name) => name.includes('amd64') || name === 'grub-pc-bin')).toEqual(
    [],
  );
  expect(releaseVersion(debian, 'sid')).toBe('99');
});

describe('mistakes', () => {
  test('unknown flavor, release and kernel', async () => {
    expect((await failureOf(() => loadFlavor(FLAVORS, 'debain'), 'usage')).message).toMatch(
      /did you mean "debian"/,
    );
    const debian = await loadFlavor(FLAVORS, 'debian');
    expect((await failureOf(() => releaseVersion(debian, 'trixi'), 'usage')).message).toMatch(
      /did you mean "trixie"/,
    );
    const target = { arch: 'amd64', releaseVersion: '12' };
    expect((await failureOf(() => select(debian, target, 'generik', []), 'usage')).message).toMatch(
      /did you mean "generic"/,
    );
  });
  test('a circle of flavors is shown', async () => {
    const directory = flavorsOf({ 'a.yaml': 'extends: b\n', 'b.yaml': 'extends: a\n' });
    expect((await failureOf(() => loadFlavor(directory, 'a'), 'usage')).message).toMatch(/a → b → a/);
  });
  test('an unknown key is shown in the file that has it', async () => {
    const directory = flavorsOf({
      'families/f.yaml': 'pakages: {}\n',
      'a.yaml': 'extends: families/f\nname: a\n',
    });
    const error = await failureOf(() => loadFlavor(directory, 'a'), 'usage');
    expect([error.message, ...error.details].join('\n')).toMatch(
      /families\/f\.yaml:1:1: unknown key "pakages" \(did you mean "packages"\?\)/,
    );
  });
  test('"extends" cannot leave the folder', async () => {
    const directory = flavorsOf({ 'a.yaml': 'extends: ../../etc/passwd\n' });
    expect((await failureOf(() => loadFlavor(directory, 'a'), 'usage')).message).toMatch(
      /a\.yaml:1:1: "extends"/,
    );
  });
});

test('maps of a parent are merged, lists are replaced', async () => {
  const family = 'family: f\npackages: {base: [a, b], net: [c]}\n';
  const own = `extends: families/f
name: a
title: A
os-release-id: a
package-manager: apt
service-manager: systemd
initramfs: dracut
default-release: one
releases: {one: {version: "1"}}
packages: {base: [x]}
kernels: {generic: [k]}
services: {enable: [], mask: []}
persistent-paths: []
`;
  const flavor = await loadFlavor(flavorsOf({ 'families/f.yaml': family, 'a.yaml': own }), 'a');
  expect(flavor.packages).toEqual({ base: ['x'], net: ['c'] });
});

test('os-release: quotes, escapes, comments and rubbish', () => {
  const text = '# c\nID=debian\nNAME="A \\"b\\" \\$c"\nX=\'y z\'\n=bad\nEMPTY=\n';
  expect(Object.fromEntries(parseOsRelease(text))).toEqual({
    ID: 'debian',
    NAME: 'A "b" $c',
    X: 'y z',
    EMPTY: '',
  });
});
