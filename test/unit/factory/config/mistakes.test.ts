import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadBuildTargets } from '../../../../src/factory/config/build-spec.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

/** The lines of the error for a configuration file, without its directory. */
async function mistakes(
  yaml: string,
  { set = [], flags = {} }: Partial<Sources> = {},
  home = temporaryDirectory(),
) {
  plant(home, { 'f.yaml': yaml });
  const error = await failureOf(
    () => loadBuildTargets({ file: join(home, 'f.yaml'), set, flags }, []),
    'usage',
  );
  return [error.message, ...error.details].map((line) => line.replaceAll(`${home}/`, ''));
}

interface Sources {
  readonly set: readonly string[];
  readonly flags: Readonly<Record<string, unknown>>;
}

describe('a mistake is described in the words of YAML, with the value found', () => {
  test.each([
    ['packages: vim', 'f.yaml:1:1: packages: expected a list, found "vim"; write [vim]'],
    ['packages: {vim: 1}', 'f.yaml:1:1: packages: expected a list, found a map'],
    ['release: 12', 'f.yaml:1:1: release: expected text, found 12; put it in quotes'],
    ['netboot: yes', 'f.yaml:1:1: netboot: expected true or false, found "yes"; write true'],
    ['disk: 64', 'f.yaml:1:1: disk: expected a map, found 64'],
    ['disk: {oem: [1]}', 'f.yaml:1:8: disk.oem: expected a number, found a list'],
    ['artifacts: []', 'f.yaml:1:1: artifacts: the list is empty'],
    ['flavor: ""', 'f.yaml:1:1: flavor: is empty'],
    ['mirror: example', 'f.yaml:1:1: mirror: "example" is not a URL'],
    [
      'push: {to: r.example/a, artifacts: iso}',
      'f.yaml:1:25: push.artifacts: expected a list or all or none, found "iso"; write [iso]',
    ],
  ])('%s', async (yaml, line) => {
    expect(await mistakes(yaml)).toEqual([line]);
  });

  test.each([
    ['base: bootstrap:', /^f\.yaml:1:7: .*put text with a colon in quotes, such as "bootstrap:"/],
    [
      'base: {bootstrap: }',
      /^f\.yaml:1:1: base: expected text, found a map; put the text in quotes: "bootstrap:"$/,
    ],
  ])('text that YAML reads as a map: %s', async (yaml, message) => {
    expect(await mistakes(yaml)).toEqual([expect.stringMatching(message)]);
  });
});

describe('a near miss is recognised', () => {
  test.each([
    ['arch: x86_64', /none of amd64, arm64 \(did you mean "amd64"\?\)/],
    [
      'version: 1.2',
      /version: "1\.2" is not a semantic version such as v1\.2\.3 \(did you mean v1\.2\.0\?\)/,
    ],
    ['kubernetes: k3s', /"k3s" has no version after an @: write, for example, k3s@v1\.\d+\.\d+\+k3s1/],
    ['kubernetes: k3s:1.34.1+k3s1', /write, for example, k3s@v1\.34\.1\+k3s1/],
    ['artifacts: [img]', /did you mean "raw"/],
  ])('%s', async (yaml, message) => {
    const lines = await mistakes(yaml);
    expect(lines).toEqual([expect.stringMatching(message)]);
  });

  test('an entry of a list in --set', async () => {
    const home = temporaryDirectory();
    plant(home, { 'f.yaml': 'flavor: debian' });
    const error = await failureOf(() =>
      loadBuildTargets({ file: join(home, 'f.yaml'), set: ['packages.0=vim'], flags: {} }, []),
    );
    expect(error.message).toBe('--set packages.0=vim: an entry of a list cannot be set alone');
    expect(error.remedy).toContain("--set 'packages=[ONE, TWO]'");
  });

  test('a wrong type in --set names --set, not a flag that may not exist', async () => {
    expect(await mistakes('flavor: debian', { set: ['packages.first=vim'] })).toEqual([
      '--set packages.first: packages: expected a list, found a map',
    ]);
  });
});

describe('a base', () => {
  test('that is a directory here is not asked of a registry', async () => {
    const home = temporaryDirectory();
    mkdirSync(join(home, 'rootfs'));
    plant(home, { 'layout/oci-layout': '', 'disk.img': '' });
    const remedyOf = async (base: string) => {
      plant(home, { 'f.yaml': `base: ${base}` });
      const error = await failureOf(() =>
        loadBuildTargets({ file: join(home, 'f.yaml'), set: [], flags: {} }, []),
      );
      expect(error.code).toBe('IMAGE_REFERENCE_INVALID');
      return error.remedy;
    };
    expect(await remedyOf('rootfs')).toBe(
      'Write dir:./rootfs, or docker://rootfs for the image in a registry.',
    );
    expect(await remedyOf('./rootfs')).toBe('Write dir:./rootfs.');
    expect(await remedyOf('layout')).toMatch(/^Write oci:\.\/layout, or/);
    expect(await remedyOf('disk.img')).toBe('Write tar:./disk.img.');
  });

  test('has its place, and is reported with the other problems', async () => {
    expect(await mistakes('base: ocy:x\ncompression: fats')).toEqual([
      expect.stringMatching(/^f\.yaml:1:1: base: cannot use "ocy:x" as an image: .*did you mean "oci"/),
      expect.stringMatching(/^f\.yaml:2:1: compression: "fats" is none of /),
    ]);
  });
});

describe('all problems in one round', () => {
  test('also those of values behind a wrong type or an unknown key', async () => {
    const lines = await mistakes(
      'artifacts: iso,foo\nversion: 1\nkernal: x\nkubernetes: {distribution: k3s, versoin: v1}',
    );
    expect(lines).toEqual([
      expect.stringMatching(/^f\.yaml:1:1: artifacts: expected a list, found "iso,foo"; write \[iso, foo\]$/),
      expect.stringMatching(/^f\.yaml:1:1: artifacts\.1: "foo" is none of/),
      expect.stringMatching(/^f\.yaml:2:1: version: "1" is not a semantic version/),
      expect.stringMatching(/unknown key "kernal" \(did you mean "kernel"\?\)/),
      expect.stringMatching(/kubernetes\.version is missing/),
      expect.stringMatching(/unknown key "versoin" \(did you mean "version"\?\)/),
    ]);
  });

  test('also those that depend on files and on other keys', async () => {
    const lines = await mistakes(
      'flavor: debian\noverlay-rootfs: a\noverlay-iso: b\nvariant: standard\nsbom: false\nfail-on: high',
    );
    expect(lines).toHaveLength(4);
    expect(lines.join('\n')).toMatch(
      /fail-on needs an SBOM.*a is not a directory.*b is not a directory.*variant standard needs/s,
    );
  });

  test('of all targets, each once', async () => {
    const lines = await mistakes(
      'packages: vim\ntargets:\n  - { name: a, arch: x64 }\n  - { name: b, kernel: 1 }\n',
    );
    expect(lines.toSorted()).toEqual([
      expect.stringMatching(/^f\.yaml:1:1: packages: /),
      expect.stringMatching(/^f\.yaml:3:16: arch: /),
      expect.stringMatching(/^f\.yaml:4:16: kernel: /),
    ]);
  });
});

describe('a size', () => {
  test.each([
    ['64', 64],
    ['"64"', 64],
    ['64MiB', 64],
    ['1GiB', 1024],
    ['1.5g', 1536],
  ])('%s', async (text, size) => {
    const home = temporaryDirectory();
    plant(home, { 'f.yaml': `flavor: debian\ndisk: {oem: ${text}}` });
    const [target] = await loadBuildTargets({ file: join(home, 'f.yaml'), set: [], flags: {} }, []);
    expect(target?.spec.disk.oem).toBe(size);
  });

  test.each(['64MB', '10KiB', 'big', '1.5'])('%s is refused', async (text) => {
    const [line] = await mistakes(`disk: {oem: "${text}"}`);
    expect(line).toBe(
      `f.yaml:1:8: disk.oem: "${text}" is not a whole number of MiB: write, for example, 64, 64MiB or 1GiB`,
    );
  });
});
