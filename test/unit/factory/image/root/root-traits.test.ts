import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { HOST_PROGRAMS } from '../../../../../src/common/contract/host-programs.ts';
import { requiredDirectories } from '../../../../../src/common/contract/system-layout.ts';
import { readRootTraits } from '../../../../../src/factory/image/root/root-traits.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

type Tree = Parameters<typeof plant>[1];
const traits = (tree: Tree) => readRootTraits(plant(temporaryDirectory(), tree));

describe('readRootTraits', () => {
  test('finds nothing in an empty root', async () => {
    expect(await traits({ 'etc/os-release': 'ID=x\n' })).toMatchObject({
      shell: false,
      lacksPrograms: HOST_PROGRAMS.map(({ name }) => ({ name, place: `/usr/bin/${name}` })),
      systemd: false,
      openrc: false,
      bootLoader: false,
      ownLib: false,
    });
  });

  test('finds everything in a full root, following links within it', async () => {
    const tree: Tree = {
      bin: { link: 'usr/bin' },
      lib: { link: '/usr/lib' },
      lib64: { link: 'usr/lib64' },
      'usr/bin/dash': '',
      'usr/bin/sh': { link: '/bin/dash' },
      // A base has this name; the framework adds the other.
      'usr/bin/grub-editenv': '',
      'usr/bin/rsync': { link: '/bin/dash' },
      'usr/lib/systemd/systemd': '',
      'usr/lib/grub/i386-pc/boot.img': '',
    };
    expect(await traits(tree)).toMatchObject({
      shell: true,
      systemd: true,
      bootLoader: true,
      ownLib: false,
    });
    const others = HOST_PROGRAMS.map(({ name }) => name).filter(
      (name) => !/^(grub2-editenv|rsync)$/.test(name),
    );
    expect((await traits(tree)).lacksPrograms.map(({ name }) => name)).toEqual(others);
  });

  test('finds OpenRC, and counts few programs of BusyBox, which others replace in their places', async () => {
    const { lacksPrograms, openrc } = await traits({
      bin: { link: 'usr/bin' },
      'usr/bin/busybox': '',
      'usr/bin/tar': { link: '/bin/busybox' },
      'usr/bin/less': { link: 'busybox' },
      'sbin/openrc': '',
      'sbin/blkid': { link: '/bin/busybox' },
      'sbin/sfdisk': '',
    });
    expect(openrc).toBe(true);
    const places = Object.fromEntries(lacksPrograms.map(({ name, place }) => [name, place]));
    expect(places).toMatchObject({ tar: '/usr/bin/tar', blkid: '/sbin/blkid', rsync: '/usr/bin/rsync' });
    expect(places).not.toHaveProperty('less');
    expect(places).not.toHaveProperty('sfdisk');
  });

  test('does not count a shell that is a link out of the root', async () => {
    expect(await traits({ 'bin/sh': { link: '/usr/bin/env' } })).toMatchObject({ shell: false });
  });

  test('reports the missing directories of the layout, and whether /lib is a directory', async () => {
    const { lacks, ownLib } = await traits({ 'lib/x': '', 'etc/ssh/x': '', 'usr/local/cloud-config/x': '' });
    expect(ownLib).toBe(true);
    expect(requiredDirectories([]).filter((path) => !lacks.includes(path))).toEqual([
      '/etc',
      '/etc/ssh',
      '/usr/local',
      '/usr/local/cloud-config',
    ]);
  });

  test('takes the date from the newest file, except files that engines touch', async () => {
    const root = plant(temporaryDirectory(), {
      'usr/old': '',
      'usr/new': '',
      'etc/hosts': '',
      'run/x': '',
      'tmp/y': '',
    });
    utimesSync(join(root, 'usr/old'), 1000, 1000);
    utimesSync(join(root, 'usr/new'), 2000, 2000);
    expect((await readRootTraits(root)).newest).toBe(2000);
  });
});
