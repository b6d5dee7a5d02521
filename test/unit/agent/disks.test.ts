import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { chooseDisk, deviceOfScript, listDisks } from '../../../src/agent/disks.ts';
import { InstallConfig } from '../../../src/common/cloud-config/schema.ts';
import { systemHost } from '../../../src/common/host/system-host.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { testHost } from './support/test-host.ts';

const LSBLK = JSON.stringify({
  blockdevices: [
    { path: '/dev/loop0', size: 9e12, type: 'loop', ro: true, model: null, label: null },
    { path: '/dev/sr0', size: 9e12, type: 'rom', ro: false, model: 'CD', label: 'COS_LIVE' },
    {
      path: '/dev/sda',
      size: 8e12,
      type: 'disk',
      ro: false,
      model: 'USB',
      label: null,
      children: [{ label: 'COS_LIVE' }],
    },
    { path: '/dev/sdb', size: 7e12, type: 'disk', ro: true, model: 'locked', label: null },
    { path: '/dev/sdc', size: 0, type: 'disk', ro: false, model: 'no card', label: null },
    { path: '/dev/zram0', size: 6e12, type: 'disk', ro: false, model: null, label: null },
    { path: '/dev/vda', size: 1e9, type: 'disk', ro: false, model: 'small ', label: null },
    {
      path: '/dev/vdb',
      size: 2e9,
      type: 'disk',
      ro: false,
      model: null,
      label: null,
      children: [{ label: 'DATA' }],
    },
  ],
});
const host = () =>
  testHost({
    run: ({ program, args }) => {
      if (program === 'lsblk') return LSBLK;
      if (program === 'readlink') return args[1] === '/dev/disk/by-id/one' ? '/dev/vda\n' : `${args[1]}\n`;
      if (program !== 'sh') return '';
      return args[1] === '/oem/bad' ? 'nothing\n' : 'looking\n/dev/vda\n';
    },
  });

test('listDisks omits devices that cannot be installed to', async () => {
  await using machine = await host();
  expect(await listDisks(machine)).toEqual([
    { path: '/dev/vdb', size: 2e9, model: '' },
    { path: '/dev/vda', size: 1e9, model: 'small' },
  ]);
});

describe('chooseDisk', () => {
  test.each([
    ['auto', '/dev/vdb'],
    ['', '/dev/vdb'],
    ['/dev/vda', '/dev/vda'],
    ['/dev/disk/by-id/one', '/dev/vda'],
    ['script:///oem/pick', '/dev/vda'],
  ])('%j', async (wanted, disk) => {
    await using machine = await host();
    expect(await chooseDisk(machine, wanted)).toBe(disk);
  });

  test.each(['/dev/sda', '/dev/sdb', '/dev/vda1', '/dev/nothing'])(
    'refuses %s and lists the disks',
    async (wanted) => {
      await using machine = await host();
      await expect(chooseDisk(machine, wanted)).rejects.toMatchObject({
        kind: 'usage',
        details: ['/dev/vdb  1.9 GiB', '/dev/vda  0.9 GiB  small'],
      });
    },
  );

  test('refuses a script that prints no device, and a machine without disks', async () => {
    await using machine = await host();
    await expect(chooseDisk(machine, 'script:///oem/bad')).rejects.toThrow('bad printed "nothing"');
    await using empty = await testHost({ run: () => '{"blockdevices":[]}' });
    await expect(chooseDisk(empty, 'auto')).rejects.toThrow('no disk to install to');
  });
});

test.each([
  ['PICK small', '/dev/vda'],
  ['PICK', '/dev/vdb'],
  ['sh PICK small', '/dev/vda'],
  ["PICK 'small'", '/dev/vda'],
])('a script gets its arguments: %s', async (command, device) => {
  const directory = temporaryDirectory();
  const script = join(directory, 'pick.sh');
  writeFileSync(script, '#!/bin/sh\n[ "$1" = small ] && echo /dev/vda || echo /dev/vdb\n', { mode: 0o755 });
  const wanted = `script://${command.replace('PICK', script)}`;
  expect(
    await deviceOfScript(
      systemHost(() => undefined),
      wanted,
    ),
  ).toBe(device);
  expect(InstallConfig.safeParse({ device: wanted }).success).toBe(true);
});
