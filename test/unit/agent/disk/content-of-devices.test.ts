import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { biosPartition } from '../../../../src/agent/deploy/block-device.ts';
import { withContents } from '../../../../src/agent/disk/content-of-devices.ts';
import { listDisks } from '../../../../src/agent/disks.ts';
import { testHost } from '../support/test-host.ts';

const EXPORT = [
  'DEVNAME=/dev/vda5\nLABEL=COS_STATE\nUUID=1-2\nTYPE=ext4\nPARTLABEL=state\\ 1\nPARTUUID=3',
  'DEVNAME=/dev/sr0\nLABEL=COS_LIVE\nTYPE=iso9660\n',
].join('\n\n');
const without = () => testHost({ run: ({ program }) => (program === 'blkid' ? EXPORT : '') });

test('on a node without udev, blkid says what is on the devices', async () => {
  await using host = await without();
  const devices = [{ path: '/dev/vda5', label: null, size: 1 }, { path: '/dev/vda6' }];
  expect(await withContents(host, devices)).toEqual([
    { path: '/dev/vda5', size: 1, label: 'COS_STATE', partlabel: 'state 1', fstype: 'ext4', uuid: '1-2' },
    { path: '/dev/vda6' },
  ]);
});

test('blkid is not asked where lsblk knows, or where udev runs', async () => {
  await using host = await without();
  const known = [{ path: '/dev/vda5', label: 'X' }];
  expect(await withContents(host, known)).toEqual(known);
  await host.write('/run/udev/control', '');
  expect(await withContents(host, [{ path: '/dev/vda5' }])).toEqual([{ path: '/dev/vda5' }]);
  expect(host.commands()).toEqual([]);
});

test('the live medium is not a disk to install to on such a node either', async () => {
  const disk = { size: 1e9, type: 'disk', ro: false, model: null, label: null };
  const listing = {
    blockdevices: [
      { ...disk, path: '/dev/sr0' },
      { ...disk, path: '/dev/vda' },
    ],
  };
  await using host = await testHost({
    run: ({ program }) => (program === 'blkid' ? EXPORT : JSON.stringify(listing)),
  });
  expect((await listDisks(host)).map(({ path }) => path)).toEqual(['/dev/vda']);
});

test('the BIOS boot partition is found in the table of the disk', async () => {
  const node = (number: number, type: string) => ({ node: `/dev/vda${number}`, start: 2048, type });
  const partitions = [
    node(1, '21686148-6449-6E6F-744E-656564454649'),
    node(2, '0FC63DAF-8483-4772-8E79-3D69D8477DE4'),
  ];
  await using host = await testHost({
    run: ({ program }) =>
      program === 'sfdisk'
        ? JSON.stringify({ partitiontable: { partitions } })
        : '/dev/vda\n/dev/vda1\n/dev/vda2\n',
  });
  for (const name of ['vda1', 'vda2']) {
    await host.write(`/sys/devices/block/vda/${name}/start`, '2048\n');
    await host.write(`/sys/devices/block/vda/${name}/partition`, '1\n');
    await mkdir(join(host.root, 'sys/class/block'), { recursive: true });
    await symlink(`../../devices/block/vda/${name}`, join(host.root, `sys/class/block/${name}`));
  }
  const found = await biosPartition(host, '/dev/vda2');
  expect(found).toMatchObject({ device: '/dev/vda1' });
});
