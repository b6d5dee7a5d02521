import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { HOST_PROGRAMS } from '../../../../src/common/contract/host-programs.ts';
import { PROJECT } from '../../../support/factory.ts';

/** BusyBox has them, with the options that are used, and so has every distribution. */
const EVERYWHERE = [
  'blockdev',
  'chroot',
  'depmod',
  'du',
  'hostname',
  'ip',
  'modprobe',
  'readlink',
  'rmdir',
  'sh',
  'sync',
  'truncate',
];
/** Called only where they are there, or for a key of a cloud-config that asks for what they do. */
const FOR_SOME = [
  'agetty',
  'btrfs',
  'cryptsetup',
  'curl',
  'dmsetup',
  'dnf',
  'eject',
  'git',
  'journalctl',
  'mkswap',
  'rc-service',
  'rc-status',
  'rc-update',
  'systemctl',
  'systemd-firstboot',
  'timedatectl',
  'udevadm',
  'vgchange',
  'vmware-rpctool',
  'xfs_growfs',
  'xz',
];
const CALL = /\.(?:run|pipeInto|capture)\(\s*'([\w.-]+)'/g;

test('every program that the code of the node calls is in the list, which a lean root is completed by', () => {
  const called = ['src/agent', 'src/common'].flatMap((directory) =>
    readdirSync(join(PROJECT, directory), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => [...readFileSync(join(PROJECT, directory, file), 'utf8').matchAll(CALL)])
      .map(([, name = '']) => name),
  );
  const known = [
    ...HOST_PROGRAMS.flatMap(({ name, alias = name }) => [name, alias]),
    ...EVERYWHERE,
    ...FOR_SOME,
  ];
  expect([...new Set(called)].filter((name) => !known.includes(name))).toEqual([]);
  expect(called).toContain('fsfreeze');
});
