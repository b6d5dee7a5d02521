import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hostSystem, installAdvice, installation } from '../../../../src/factory/tools/host-packages.ts';
import { PACKAGE_NAMES } from '../../../../src/factory/tools/package-names.ts';
import { PROJECT } from '../../../support/factory.ts';

const nothing = () => false;

test.each([
  ['ID=debian', 'apt'],
  ['ID=linuxmint\nID_LIKE="ubuntu debian"', 'apt'],
  ['ID=fedora', 'dnf'],
  ['ID="rocky"\nID_LIKE="rhel centos fedora"', 'dnf'],
  ['ID="opensuse-leap"\nID_LIKE="suse opensuse"', 'zypper'],
  ['ID=alpine', 'apk'],
  ['ID=arch', 'pacman'],
  ['ID=manjaro\nID_LIKE=arch', 'pacman'],
  ['ID=nixos', undefined],
])('%j installs with %s', (osRelease, manager) => {
  expect(hostSystem({ osRelease, hasProgram: nothing }).manager).toBe(manager);
});

test('the distribution decides, not a package manager of another one that is installed', () => {
  const hasProgram = (name: string) => name === 'zypper' || name === 'dnf';
  expect(hostSystem({ osRelease: 'ID=debian', hasProgram }).manager).toBe('apt');
  expect(hostSystem({ osRelease: 'ID=own', hasProgram }).manager).toBe('dnf');
});

const system = (manager: ReturnType<typeof hostSystem>['manager'], needsSudo = false) => ({
  name: 'a distribution',
  manager,
  needsSudo,
});
const PACKAGES = ['xorriso', 'gdisk', 'xorriso', 'e2fsprogs', 'mmdebstrap'];

test.each([
  ['apt', 'apt-get install e2fsprogs gdisk mmdebstrap xorriso', []],
  ['dnf', 'dnf install e2fsprogs gdisk xorriso', ['mmdebstrap']],
  ['zypper', 'zypper install e2fsprogs gptfdisk xorriso', ['mmdebstrap']],
  ['apk', 'apk add e2fsprogs e2fsprogs-extra sgdisk xorriso', ['mmdebstrap']],
  ['pacman', 'pacman -S e2fsprogs gptfdisk libisoburn', ['mmdebstrap']],
] as const)('one command of %s installs all packages', (manager, command, absent) => {
  const found = installation(PACKAGES, system(manager));
  expect([found.command?.join(' '), found.absent]).toEqual([command, absent]);
  // The unattended one differs in its flags only.
  const words = found.unattended?.filter((word) => !/^-.{2}|^-y/.test(word));
  expect(words?.join(' ')).toBe(command);
});

test('an ordinary user installs through sudo; nothing is installed by an unknown manager', () => {
  expect(installation(['tar'], system('apt', true)).command).toEqual(['sudo', 'apt-get', 'install', 'tar']);
  expect(installation(['tar'], system(undefined))).toEqual({
    command: undefined,
    unattended: undefined,
    absent: ['tar'],
  });
  expect(installAdvice(['tar'], system(undefined))).toBe(
    'Install it: on Debian, tar; no package of a distribution is known.',
  );
  expect(installAdvice(PACKAGES, system('dnf'))).toBe(
    'Install them: dnf install e2fsprogs gdisk xorriso; mmdebstrap (Debian) is not packaged here',
  );
});

test('every host tool says what it is for, and its package has names on other distributions', () => {
  const room = join(PROJECT, 'src/factory');
  const files = readdirSync(room, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const tools = files.flatMap((file) => {
    const text = readFileSync(join(room, file), 'utf8');
    return [...text.matchAll(/\{\s*(?:\/\/[^\n]*\s*)?name: '[^']+',[^{}]*?package: '([^']+)',([^{}]*)/g)].map(
      ([all, named = '', rest = '']) => ({ all, named, rest }),
    );
  });
  expect(tools.length).toBeGreaterThan(25);
  for (const { all, named, rest } of tools) {
    if (named === 'nodejs') continue;
    expect(rest, all).toMatch(/purpose: (MAPS|'[a-z])/);
    if (!rest.includes('install:')) expect(Object.keys(PACKAGE_NAMES), all).toContain(named);
  }
});
