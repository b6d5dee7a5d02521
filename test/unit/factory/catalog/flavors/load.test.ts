import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listFlavors, loadFlavor, openFlavor } from '../../../../../src/factory/catalog/flavors/load.ts';
import { FLAVORS } from '../../../../../src/factory/pipeline/project-files.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

const PARENT = `family: debian
package-manager: apt
service-manager: systemd
initramfs: builtin
packages:
  base: [systemd, sudo]
  disk: [fdisk]
kernels:
  generic: [linux]
services:
  enable: [ssh.service]
  mask: []
persistent-paths: [/snap]
network: systemd-networkd
selinux: disabled
`;
const CHILD = `extends: families/parent
name: child
title: A child
os-release-id: child
default-release: one
releases:
  one: { version: "1" }
`;

/** A directory with the two flavors above and the given ones. */
function flavors(files: Readonly<Record<string, string>> = {}): string {
  return plant(temporaryDirectory(), { 'families/parent.yaml': PARENT, 'child.yaml': CHILD, ...files });
}

/** The error message without the directory. */
async function problem(files: Readonly<Record<string, string>>, name = 'child') {
  const directory = flavors(files);
  const error = await failureOf(() => loadFlavor(directory, name));
  expect(error.kind).toBe('usage');
  return [error.message, ...error.details].map((line) => line.replaceAll(`${directory}/`, ''));
}

describe('the flavors of the project', async () => {
  const names = await listFlavors(FLAVORS);

  test('include debian', () => {
    expect(names).toContain('debian');
  });

  test.each(names)('%s loads, and has its default release', async (name) => {
    const flavor = await loadFlavor(FLAVORS, name);
    expect(flavor.name).toBe(name);
    expect(Object.keys(flavor.releases)).toContain(flavor['default-release']);
    expect(Object.keys(flavor.kernels)).toContain('generic');
    const rolling = flavor['rolling-release'];
    if (rolling !== undefined) expect(Object.keys(flavor.releases)).toContain(rolling);
  });
});

describe('listFlavors', () => {
  test('lists the files of the directory, sorted, without the families', async () => {
    expect(await listFlavors(flavors({ 'another.yaml': '', 'README.md': '' }))).toEqual(['another', 'child']);
  });
});

describe('inheritance', () => {
  test('merges maps, and replaces lists and scalars', async () => {
    const child = `${CHILD}packages:\n  base: [busybox]\n  extra: [vim]\nfamily: other\nservices:\n  mask: [x.service]\n`;
    const flavor = await loadFlavor(flavors({ 'child.yaml': child }), 'child');
    expect(flavor.packages).toEqual({ base: ['busybox'], disk: ['fdisk'], extra: ['vim'] });
    expect(flavor.services).toEqual({
      enable: ['ssh.service'],
      mask: ['x.service'],
      disable: [],
      runlevels: {},
      unmask: [],
    });
    expect(flavor.family).toBe('other');
    expect(flavor).not.toHaveProperty('extends');
  });

  test('spans several files, the extending before the extended', async () => {
    const grandchild = 'extends: child\nname: grandchild\npackages:\n  disk: []\n';
    const flavor = await loadFlavor(flavors({ 'grandchild.yaml': grandchild }), 'grandchild');
    expect([flavor.name, flavor.title, flavor.packages['disk'], flavor.packages['base']]).toEqual([
      'grandchild',
      'A child',
      [],
      ['systemd', 'sudo'],
    ]);
  });

  test('with a cycle is refused', async () => {
    const files = { 'a.yaml': 'extends: b\n', 'b.yaml': 'extends: a\n' };
    const [message] = await problem(files, 'a');
    expect(message).toContain('a → b → a');
  });

  test.each(['../../etc/passwd', '/etc/passwd', '[a]', ''])('from "%s" is refused', async (parent) => {
    const [message] = await problem({ 'child.yaml': `name: child\nextends: ${parent}\n` });
    expect(message).toBe('child.yaml:2:1: "extends" is not the name of a flavor file');
  });

  test('from a missing file is refused', async () => {
    const [message] = await problem({ 'child.yaml': 'extends: families/none\n' });
    expect(message).toMatch(/^families\/none\.yaml: cannot be read/);
  });
});

describe('the user’s own flavor file', () => {
  /** Shipped flavors, and a directory of the user's files. */
  function own(files: Readonly<Record<string, string>>) {
    const directory = flavors();
    const home = plant(temporaryDirectory(), files);
    return { home, open: (name: string) => openFlavor(directory, join(home, name)) };
  }

  test('extends a shipped flavor, and knows the file of each value', async () => {
    const { home, open } = own({ 'my.yaml': 'extends: child\nname: mine\nkernels:\n  generic: [mine]\n' });
    const { flavor, locate } = await open('my.yaml');
    expect([flavor.name, flavor.title, flavor.kernels]).toEqual(['mine', 'A child', { generic: ['mine'] }]);
    expect(locate(['kernels', 'generic', 0])).toBe(`${home}/my.yaml:4:13`);
    expect(locate(['packages', 'base', 1])).toMatch(/families\/parent\.yaml:6:19$/);
  });

  test('extends a shipped family, and a file next to it', async () => {
    const { open } = own({
      'a.yml': 'extends: ./b.yaml\nname: a\n',
      'b.yaml': CHILD.replace('name: child', 'name: b'),
    });
    const { flavor } = await open('a.yml');
    expect([flavor.name, flavor.title, flavor.family]).toEqual(['a', 'A child', 'debian']);
  });

  test('with a cycle is refused', async () => {
    const round = own({ 'a.yaml': 'extends: ./b.yaml\n', 'b.yaml': 'extends: ./a.yaml\n' });
    const circle = await failureOf(() => round.open('a.yaml'), 'usage');
    expect(circle.message.replaceAll(`${round.home}/`, '')).toBe(
      'a.yaml: the inheritance of flavors has a cycle: a.yaml → b.yaml → a.yaml',
    );
  });

  test.each([
    ['extends: child\nkernls: {}\n', 'my.yaml:2:1: unknown key "kernls" (did you mean "kernels"?)'],
    ['extends: chld\n', '/chld.yaml: cannot be read'],
    ['extends: /etc/passwd\n', 'my.yaml:1:1: "extends" is not the name of a flavor file'],
    [
      'extends: child\nselinux: on\n',
      'my.yaml:2:1: selinux: "on" is none of disabled, permissive, enforcing',
    ],
    [
      'extends: child\nselinux: enforcing\n',
      'my.yaml:2:1: selinux: "enforcing" does not work yet: files of container images have no labels, and a system without labels does not boot; use permissive or disabled',
    ],
    ['extends: child\npackages:\n  base: vim\n', 'my.yaml:3:3: packages.base: '],
    ['- child\n', 'my.yaml:1:1: the flavor is not a mapping of keys to values'],
    ['extends: child\nname: [\n', 'my.yaml:3:1: '],
  ])('%j is reported with file, line and column', async (text, message) => {
    const { open } = own({ 'my.yaml': text });
    expect((await failureOf(() => open('my.yaml'), 'usage')).message).toContain(message);
  });

  test('that does not exist is reported with its path', async () => {
    const { home, open } = own({});
    expect((await failureOf(() => open('my.yaml'), 'usage')).message).toContain(
      `${home}/my.yaml: cannot be read`,
    );
  });
});

describe('an error has its position', () => {
  test('an unknown flavor, with a suggestion', async () => {
    const error = await failureOf(() => loadFlavor(FLAVORS, 'debain'));
    expect([error.kind, error.message]).toEqual([
      'usage',
      'unknown flavor "debain" (did you mean "debian"?)',
    ]);
    expect(error.remedy).toContain('debian');
  });

  test('a family is not a flavor', async () => {
    // A reference with a slash is the user's own file.
    const error = await failureOf(() => loadFlavor(FLAVORS, 'families/debian'));
    expect([error.kind, error.message]).toEqual([
      'usage',
      expect.stringMatching(/families\/debian: cannot be read/),
    ]);
  });

  test('an unknown key, in its file', async () => {
    expect(await problem({ 'child.yaml': `${CHILD}kernel: x\n` })).toEqual([
      'child.yaml:8:1: unknown key "kernel" (did you mean "kernels"?)',
    ]);
    expect(await problem({ 'families/parent.yaml': PARENT.replace('  mask:', '  maks:') })).toEqual([
      'families/parent.yaml:12:3: unknown key "maks" (did you mean "mask"?)',
    ]);
  });

  test('an invalid value, in the file that sets it', async () => {
    expect(await problem({ 'families/parent.yaml': PARENT.replace('apt', 'apt-get') })).toEqual([
      expect.stringMatching(/^families\/parent\.yaml:2:1: package-manager: "apt-get" is none of apt/),
    ]);
    expect(await problem({ 'child.yaml': CHILD.replace('"1"', '"one"') })).toEqual([
      'child.yaml:7:10: releases.one.version: "one" is not a version',
    ]);
  });

  test.each(['../../x', '"<b>"', 'a b', `${'x'.repeat(65)}`])(
    'a name that cannot be part of a file name: %s',
    async (name) => {
      expect(await problem({ 'child.yaml': CHILD.replace('name: child', `name: ${name}`) })).toEqual([
        expect.stringMatching(/^child\.yaml:2:1: name: ".+" cannot be part of a file name/),
      ]);
    },
  );

  test('an invalid value of the child that overrides the parent, in the child', async () => {
    expect(await problem({ 'child.yaml': `${CHILD}initramfs: built-in\n` })).toEqual([
      expect.stringMatching(/^child\.yaml:8:1: initramfs: .*did you mean "builtin"/),
    ]);
  });

  test('broken YAML', async () => {
    const [message] = await problem({ 'child.yaml': 'name: [child\n' });
    expect(message).toMatch(/^child\.yaml:[12]:\d+: /);
  });

  test('a missing required key', async () => {
    const [message] = await problem({ 'child.yaml': CHILD.replace('title: A child\n', '') });
    expect(message).toMatch(/title is missing$/);
  });

  test('an empty place of files', async () => {
    const error = await failureOf(() => loadFlavor(join(FLAVORS, 'families'), 'child'));
    expect(error.kind).toBe('usage');
  });
});
