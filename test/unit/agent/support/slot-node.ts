import { copyFileSync, writeFileSync } from 'node:fs';
import { grubEnvironment } from '../../../../src/common/contract/grub-environment.ts';
import { renderKairosRelease } from '../../../../src/common/contract/kairos-release.ts';
import { PARTITION_TYPE } from '../../../../src/common/contract/partitions.ts';
import { requiredDirectories } from '../../../../src/common/contract/system-layout.ts';
import type { Host } from '../../../../src/common/host/host.ts';
import { type TestHost, testHost } from './test-host.ts';

/** Where the partition of the running system's image is mounted. */
export const STATE = '/run/initramfs/cos-state';
const DEVICES: Readonly<Record<string, string>> = {
  COS_STATE: 'vda5',
  COS_OEM: 'vda3',
  COS_PERSISTENT: 'vda6',
  COS_RECOVERY: 'vda4',
};
const RELEASE = renderKairosRelease(
  {
    flavor: 'debian',
    flavorRelease: '12',
    family: 'debian',
    variant: 'core',
    arch: 'amd64',
    model: 'generic',
    version: 'v2.0.0',
  },
  'test',
);
const PROGRAMS = [
  ...['sh', 'kairos-agent', 'rsync', 'sudo', 'less', 'mount', 'grub2-editenv', 'mkfs.ext2', 'mkfs.ext4'],
  ...['mkfs.vfat', 'tune2fs'],
];

/** A node of a test. */
export interface SlotNode {
  readonly booted?: 'COS_ACTIVE' | 'COS_PASSIVE' | 'COS_SYSTEM kairos.reset';
  readonly assessment?: Readonly<Record<string, string>>;
  /** Called with the number of each step that changes something, before it. */
  readonly onStep?: (step: number) => void;
}

/** An installed node with an image to upgrade to; programs that handle filesystems are stand-ins that copy files. */
export async function slotNode({
  booted = 'COS_ACTIVE',
  assessment = {},
  onStep = () => undefined,
}: SlotNode = {}): Promise<{ readonly host: TestHost; readonly watched: Host }> {
  const inRecovery = booted.startsWith('COS_SYSTEM');
  const state = inRecovery ? '/run/cos/state' : STATE;
  const image = Object.fromEntries([
    ...PROGRAMS.map((name) => [`/run/cos/slot/usr/bin/${name}`, '']),
    ...['/sbin/init', '/bin/sh', '/boot/vmlinuz', '/etc/cos/grub.cfg', '/etc/cos/bootargs.cfg'].map(
      (path) => [`/run/cos/slot${path}`, 'x'],
    ),
    ['/run/cos/slot/boot/initrd', '070701'],
    ['/run/cos/slot/etc/os-release', 'ID=debian\n'],
    ['/run/cos/slot/etc/kairos-release', RELEASE],
  ]);
  const host = await testHost({
    files: {
      ...image,
      '/proc/cmdline': `root=LABEL=${booted}`,
      '/proc/self/mounts': inRecovery
        ? `/dev/vda4 ${STATE} ext4 ro 0 0\n/dev/vda3 /oem ext4 rw 0 0\n`
        : `/dev/vda5 ${STATE} ext4 ro 0 0\n/dev/vda3 /oem ext4 rw 0 0\n/dev/vda6 /usr/local ext4 rw 0 0\n`,
      [`${state}/cOS/active.img`]: 'old',
      [`${state}/cOS/passive.img`]: 'older',
      ...(inRecovery
        ? {
            [`${STATE}/cOS/recovery.img`]: 'new',
            '/run/cos/persistent/data': 'data',
            '/run/cos/new-system/usr/lib/grub/i386-pc/boot.img': 'b'.repeat(512),
            '/run/cos/new-system/etc/cos/grub.cfg': 'menu',
            '/dev/vda': '\0'.repeat(4096),
            '/dev/vda1': '\0'.repeat(4096),
            '/sys/block/vda/vda1/partition': '1\n',
            '/sys/block/vda/vda1/start': '2048\n',
            '/sys/block/vda/vda5/partition': '5\n',
            '/sys/block/vda/vda5/start': '9999\n',
          }
        : { '/usr/local/next.img': 'new' }),
    },
    run: ({ program, args }) => {
      if (program === 'blkid') {
        const device = DEVICES[args[1] ?? ''];
        return device === undefined ? { status: 2 } : `/dev/${device}\n`;
      }
      if (program === 'lsblk') return `/dev/vda1 ${PARTITION_TYPE.biosBoot}\n`;
      // Paths that a program is given as the process sees them.
      if (program === 'grub-mkimage') writeFileSync(args[args.indexOf('-o') + 1] ?? '', 'core'.repeat(200));
      if (program === 'cp') copyFileSync(host.resolve(args.at(-2) ?? ''), host.resolve(args.at(-1) ?? ''));
      return '';
    },
  });
  for (const directory of requiredDirectories([])) await host.makeDirectory(`/run/cos/slot${directory}`);
  await host.write('/oem/grubenv', grubEnvironment({ next_entry: 'cos' }));
  if (inRecovery) {
    for (const name of ['vda1', 'vda5'])
      await host.link(`../../block/vda/${name}`, `/sys/class/block/${name}`);
  }
  await host.write(`${state}/boot_assessment`, grubEnvironment(assessment));
  return { host, watched: watch(host, onStep) };
}

/** The same host, with a call before each step that changes the machine. */
function watch(host: TestHost, onStep: (step: number) => void): Host {
  let steps = 0;
  const before =
    <A extends unknown[], R>(method: (...args: A) => R) =>
    (...args: A): R => {
      onStep(++steps);
      return method(...args);
    };
  const { run, write, append, makeDirectory, remove, rename, chmod, sync, resolve } = host;
  return {
    ...host,
    run: before(run),
    write: before(write),
    append: before(append),
    makeDirectory: before(makeDirectory),
    remove: before(remove),
    rename: before(rename),
    chmod: before(chmod),
    sync: before(sync),
    // What is written through streams and handles begins with it.
    resolve: before(resolve),
  };
}
