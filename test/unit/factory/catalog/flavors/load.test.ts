import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listFlavors, loadFlavor, openFlavor } from '../../../../../src/factory/catalog/flavors/load.ts';
import { FLAVORS } from '../../../../../src/factory/pipeline/project-files.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

const PARENT = `family: debian
package-manager: apt
service-manager: systemd
initramfs: dracut
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

/** A directory of flavors: the two above, and those given. */
function flavors(files: Readonly<Record<string, string>> = {}): string {
  return plant(temporaryDirectory(), { 'families/parent.yaml': PARENT, 'child.yaml': CHILD, ...files });
}

/** The failure's text, with the directory taken out. */
async function problem(files: Readonly<Record<string, string>>, name = 'child') {
  const directory = flavors(files);
  const error = await failureOf(() => loadFlavor(directory, name));
  expect(error.kind).toBe('usage');
  return [error.message, ...error.details].map((line) => line.replaceAll(`${directory}/`, ''));
}

describe('the flavors of the project', async () => {
  const names = await listFlavors(FLAVORS);

  test('have debian among them', () => {
    expect(names).toContain('debian');
  });

  test.each(names)('%s loads, and knows its own default', async (name) => {
    const flavor = await loadFlavor(FLAVORS, name);
    expect(flavor.name).toBe(name);
    expect(Object.keys(flavor.releases)).toContain(flavor['default-release']);
    expect(Object.keys(flavor.kernels)).toContain('generic');
    const rolling = flavor['rolling-release'];
    if (rolling !== undefined) expect(Object.keys(flavor.releases)).toContain(rolling);
  });
});

describe('listFlavors', () => {
  test('names the files of the directory, sorted, and not the families', async () => {
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
      runlevels: {},
      unmask: [],
    });
    expect(flavor.family).toBe('other');
    expect(flavor).not.toHaveProperty('extends');
  });

  test('goes over several generations, the nearest first', async () => {
    const grandchild = 'extends: child\nname: grandchild\npackages:\n  disk: []\n';
    const flavor = await loadFlavor(flavors({ 'grandchild.yaml': grandchild }), 'grandchild');
    expect([flavor.name, flavor.title, flavor.packages['disk'], flavor.packages['base']]).toEqual([
      'grandchild',
      'A child',
      [],
      ['systemd', 'sudo'],
    ]);
  });

  test('in a circle is refused', async () => {
    const files = { 'a.yaml': 'extends: b\n', 'b.yaml': 'extends: a\n' };
    const [message] = await problem(files, 'a');
    expect(message).toContain('a → b → a');
  });

  test.each(['../../etc/passwd', '/etc/passwd', '[a]', ''])('from "%s" is refused', async (parent) => {
    const [message] = await problem({ 'child.yaml': `name: child\nextends: ${parent}\n` });
    expect(message).toBe('child.yaml:2:1: "extends" is not the name of a flavor file');
  });

  test('from a file that is not there is refused', async () => {
    const [message] = await problem({ 'child.yaml': 'extends: families/none\n' });
    expect(message).toMatch(/^families\/none\.yaml: cannot be read/);
  });
});

describe('a flavor file of one’s own', () => {
  /** Shipped flavors, and a directory of a person's files. */
  function own(files: Readonly<Record<string, string>>) {
    const directory = flavors();
    const home = plant(temporaryDirectory(), files);
    return { home, open: (name: string) => openFlavor(directory, join(home, name)) };
  }

  test('extends a shipped flavor, and knows which file says what', async () => {
    const { home, open } = own({ 'my.yaml': 'extends: child\nname: mine\nkernels:\n  generic: [mine]\n' });
    const { flavor, locate } = await open('my.yaml');
    expect([flavor.name, flavor.title, flavor.kernels]).toEqual(['mine', 'A child', { generic: ['mine'] }]);
    expect(locate(['kernels', 'generic', 0])).toBe(`${home}/my.yaml:4:13`);
    expect(locate(['packages', 'base', 1])).toMatch(/families\/parent\.yaml:6:19$/);
  });

  test('extends a shipped family, and a file beside it', async () => {
    const { open } = own({
      'a.yml': 'extends: ./b.yaml\nname: a\n',
      'b.yaml': CHILD.replace('name: child', 'name: b'),
    });
    const { flavor } = await open('a.yml');
    expect([flavor.name, flavor.title, flavor.family]).toEqual(['a', 'A child', 'debian']);
  });

  test('in a circle is refused', async () => {
    const round = own({ 'a.yaml': 'extends: ./b.yaml\n', 'b.yaml': 'extends: ./a.yaml\n' });
    const circle = await failureOf(() => round.open('a.yaml'), 'usage');
    expect(circle.message.replaceAll(`${round.home}/`, '')).toBe(
      'a.yaml: flavors extend each other in a circle: a.yaml → b.yaml → a.yaml',
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
      'my.yaml:2:1: selinux: "enforcing" does not work yet: container images carry no labels, and a system without labels does not boot; use permissive or disabled',
    ],
    ['extends: child\npackages:\n  base: vim\n', 'my.yaml:3:3: packages.base: '],
    ['- child\n', 'my.yaml:1:1: a flavor is a mapping of keys to values'],
    ['extends: child\nname: [\n', 'my.yaml:3:1: '],
  ])('%j is told with file, line and column', async (text, message) => {
    const { open } = own({ 'my.yaml': text });
    expect((await failureOf(() => open('my.yaml'), 'usage')).message).toContain(message);
  });

  test('that is not there is told by its path', async () => {
    const { home, open } = own({});
    expect((await failureOf(() => open('my.yaml'), 'usage')).message).toContain(
      `${home}/my.yaml: cannot be read`,
    );
  });
});

describe('a problem is told with its place', () => {
  test('an unknown flavor, with the one that was meant', async () => {
    const error = await failureOf(() => loadFlavor(FLAVORS, 'debain'));
    expect([error.kind, error.message]).toEqual([
      'usage',
      'unknown flavor "debain" (did you mean "debian"?)',
    ]);
    expect(error.remedy).toContain('debian');
  });

  test('a family is no flavor', async () => {
    // A word with a slash is a file of one's own.
    const error = await failureOf(() => loadFlavor(FLAVORS, 'families/debian'));
    expect([error.kind, error.message]).toEqual([
      'usage',
      expect.stringMatching(/families\/debian: cannot be read/),
    ]);
  });

  test('an unknown key, in the file that has it', async () => {
    expect(await problem({ 'child.yaml': `${CHILD}kernel: x\n` })).toEqual([
      'child.yaml:8:1: unknown key "kernel" (did you mean "kernels"?)',
    ]);
    expect(await problem({ 'families/parent.yaml': PARENT.replace('  mask:', '  maks:') })).toEqual([
      'families/parent.yaml:12:3: unknown key "maks" (did you mean "mask"?)',
    ]);
  });

  test('a value that is not allowed, in the file that it comes from', async () => {
    expect(await problem({ 'families/parent.yaml': PARENT.replace('apt', 'apt-get') })).toEqual([
      expect.stringMatching(/^families\/parent\.yaml:2:1: package-manager: "apt-get" is none of apt/),
    ]);
    expect(await problem({ 'child.yaml': CHILD.replace('"1"', '"one"') })).toEqual([
      'child.yaml:7:10: releases.one.version: is not a version',
    ]);
  });

  test('a value of the parent that the child replaces with a wrong one, in the child', async () => {
    expect(await problem({ 'child.yaml': `${CHILD}initramfs: drakut\n` })).toEqual([
      expect.stringMatching(/^child\.yaml:8:1: initramfs: .*did you mean "dracut"/),
    ]);
  });

  test('broken YAML', async () => {
    const [message] = await problem({ 'child.yaml': 'name: [child\n' });
    expect(message).toMatch(/^child\.yaml:[12]:\d+: /);
  });

  test('a required key that no file has', async () => {
    const [message] = await problem({ 'child.yaml': CHILD.replace('title: A child\n', '') });
    expect(message).toMatch(/title is missing$/);
  });

  test('an empty place of files', async () => {
    const error = await failureOf(() => loadFlavor(join(FLAVORS, 'families'), 'child'));
    expect(error.kind).toBe('usage');
  });
});
