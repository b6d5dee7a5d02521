import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  bringAlong,
  broughtEntries,
  programsOf,
} from '../../../../../src/factory/image/context/brought-programs.ts';
import { broughtNotices } from '../../../../../src/factory/pipeline/steps/brought-notices.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

const part = (name: string, bootLoader = false) => ({
  name,
  version: '1-2',
  licence: 'GPL-3.0-or-later',
  purl: `pkg:deb/debian/${name}@1-2`,
  bootLoader,
});
const INDEX = {
  distribution: 'debian',
  release: '12',
  packages: [part('e2fsprogs'), part('libblkid1'), part('tar'), part('grub-common', true)],
  libraries: { 'libblkid.so.1': 'libblkid1' },
  programs: {
    mke2fs: { file: 'mke2fs', package: 'e2fsprogs', libraries: ['libblkid.so.1'] },
    'mkfs.ext4': { file: 'mke2fs', package: 'e2fsprogs', libraries: ['libblkid.so.1'] },
    tar: { file: 'tar', package: 'tar', libraries: [] },
  },
};
const lacking = (...names: readonly string[]) => names.map((name) => ({ name, place: `/sbin/${name}` }));

function agentWithPrograms(): string {
  const agent = join(temporaryDirectory(), 'agent');
  plant(programsOf(agent), {
    'index.json': JSON.stringify(INDEX),
    'bin/mke2fs': 'mke2fs',
    'bin/tar': 'tar',
    'lib/libblkid.so.1': 'library',
    'boot-loader/usr/lib/grub/i386-pc/boot.img': 'boot',
    ...Object.fromEntries(INDEX.packages.map(({ name }) => [`copyright/${name}`, name])),
  });
  return agent;
}

const pathsOf = (brought: ReturnType<typeof bringAlong>) =>
  broughtEntries(brought).map((entry) =>
    entry.type === 'symlink' ? `${entry.path} -> ${entry.target}` : entry.path,
  );

test('the programs that a base lacks come with their libraries and licences, each file once, and links in their places', () => {
  const absent = lacking('mke2fs', 'mkfs.ext4', 'sudo');
  const brought = bringAlong(agentWithPrograms(), { lacking: absent, bootLoader: false });
  const home = 'framework/usr/lib/kairos/programs';
  expect(pathsOf(brought)).toEqual([
    `${home}/bin/mke2fs`,
    `${home}/lib/libblkid.so.1`,
    'framework/sbin/mke2fs -> /usr/lib/kairos/programs/bin/mke2fs',
    'framework/sbin/mkfs.ext4 -> /usr/lib/kairos/programs/bin/mke2fs',
    `${home}/copyright/e2fsprogs`,
    `${home}/copyright/libblkid1`,
    `${home}/parts.json`,
  ]);
  expect(broughtNotices(absent, brought)).toEqual([
    'the base lacks mke2fs, mkfs.ext4: those of debian 12 are brought along',
    'the base lacks programs, and what needs them fails on the node: sudo (to become root)',
  ]);
});

test('a boot loader keeps its places, and says whose it is', () => {
  const brought = bringAlong(agentWithPrograms(), { lacking: [], bootLoader: true });
  expect(pathsOf(brought)).toEqual(
    expect.arrayContaining([
      'framework/usr/lib/grub/i386-pc/boot.img',
      'framework/usr/lib/kairos/boot-loader-id',
      'framework/usr/lib/kairos/programs/copyright/grub-common',
    ]),
  );
  expect(broughtNotices([], brought)).toEqual([
    'the base lacks the boot loader (GRUB 1-2): those of debian 12 are brought along',
  ]);
});

test('a program is not reported when another one does its work', () => {
  const absent = lacking('rsync', 'tar');
  const brought = bringAlong(agentWithPrograms(), { lacking: absent, bootLoader: false });
  expect(broughtNotices(absent, brought)).toHaveLength(1);
});

test('nothing is brought to a base that lacks nothing, or without the programs', () => {
  expect(bringAlong(agentWithPrograms(), { lacking: [], bootLoader: false })).toBeUndefined();
  expect(bringAlong('/nowhere/agent', { lacking: lacking('tar'), bootLoader: true })).toBeUndefined();
  expect(broughtEntries(undefined)).toEqual([]);
});
