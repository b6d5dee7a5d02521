import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hashFile } from '../../src/common/files/digest.ts';
import { buildDebian, TEST_HOME, type TestBuild } from '../support/factory.ts';
import { tool } from '../support/tool.ts';
import { startGuest } from './guest.ts';
import { expectOwnDisk } from './healthy-boot.ts';
import { makeOtherDisk } from './other-disk.ts';

/** Flags for these artifacts only, without documents. */
const make = (artifacts: string) => ['--set', 'sbom=false', '--artifact', artifacts];

/** An init that answers on the console, for roots that a test makes. */
const INIT =
  '#!/bin/busybox sh\nexec </dev/console >/dev/console 2>&1\nPS1="root@made:~# " exec /bin/busybox sh -i\n';

describe.skipIf(!process.env['KAIROS_FACTORY_TEST_ALL'])('the initramfs of Debian bookworm', () => {
  let directory: string;
  let artifact: TestBuild['artifact'];
  let server: Server;
  let url: string;
  let digest: string;
  const kernel = () => join(directory, 'kernel');

  /** Arguments for QEMU that start the kernel without a boot loader. */
  const direct = (initrd: string, line: string) => [
    '-kernel',
    kernel(),
    '-initrd',
    join(directory, initrd),
    '-append',
    `console=ttyS0 panic=1 ${line}`,
  ];

  beforeAll(async () => {
    await mkdir(TEST_HOME, { recursive: true });
    directory = await mkdtemp(join(TEST_HOME, 'vm-initramfs-'));
    const made = await buildDebian({
      output: join(TEST_HOME, 'out-initramfs'),
      extra: [...make('iso,squashfs'), '--netboot', '--set', 'packages=["mdadm","lvm2"]'],
    });
    artifact = made.artifact;
    for (const name of ['kernel', 'initrd', 'initrd-network']) {
      const paths = ['-extract', `/boot/${name}`, join(directory, name)];
      await tool('xorriso', '-osirrox', 'on', '-indev', artifact('iso'), ...paths);
    }
    const parts = [
      await readFile(join(directory, 'initrd')),
      await readFile(join(directory, 'initrd-network')),
    ];
    await writeFile(join(directory, 'both'), Buffer.concat(parts));
    const squashfs = artifact('squashfs');
    digest = await hashFile(squashfs);
    server = createServer((_, response) => {
      void stat(squashfs).then(({ size }) => {
        response.setHeader('content-length', size);
        createReadStream(squashfs).pipe(response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://10.0.2.2:${(server.address() as AddressInfo).port}/root.squashfs`;
    for (const name of ['first', 'second'])
      await tool('qemu-img', 'create', '-q', '-f', 'qcow2', join(directory, `${name}.qcow2`), '1G');
  });
  afterAll(async () => {
    server?.close();
    await rm(directory, { recursive: true, force: true });
  });

  const member = (name: string) => [
    '-drive',
    `if=virtio,format=qcow2,file=${join(directory, `${name}.qcow2`)}`,
  ];
  const cd = () => ({ artifact: artifact('iso'), attachment: 'cdrom', firmware: 'bios' }) as const;

  test('takes its root from a web server when the digest is right, and keeps a log and a profile', async () => {
    const line = `root=live:${url} rd.live.sha256=${digest} ip=dhcp netboot rd.break=pre-mount`;
    await using guest = await startGuest(cd(), direct('both', line));
    await guest.waitFor(/A shell before the next step of the boot \(pre-mount\)/, 600_000);
    await guest.waitFor(/# /);
    guest.type('cat /run/initramfs/profile\n');
    await guest.waitFor(/drivers are loaded/);
    guest.type('exit\n');
    await guest.login();
    expect(await guest.run('ls /run/cos/*_mode')).toBe('/run/cos/live_mode');
    expect(await guest.run('cut -f 2 /run/initramfs/profile')).toMatch(
      /network on eth0\n(.*\n)?the root is downloaded\nthe root is mounted/,
    );
    expect(await guest.run('cat /run/initramfs/kairos.log')).toContain(`root is ${url}`);
    expect(await guest.run('journalctl -b -t kairos --no-pager -g "step at"')).toContain('stage initramfs');
  });

  test('refuses a root from a web server with another digest', async () => {
    const line = `root=live:${url} rd.live.sha256=${'0'.repeat(64)} netboot rd.shell=0`;
    await using guest = await startGuest(cd(), direct('both', line));
    await guest.waitFor(/has the SHA-256 [0-9a-f]{64}; expected is 0{64}/, 600_000);
    await guest.waitFor(/Kernel panic/);
  });

  test('has what makes a root on a volume of an array', async () => {
    await using guest = await startGuest(cd(), [
      ...direct('initrd', 'root=LABEL=MADE rd.break=pre-mount'),
      ...member('first'),
      ...member('second'),
    ]);
    await guest.waitFor(/A shell before the next step of the boot \(pre-mount\)/, 600_000);
    guest.type("dmesg -n 1; PS1='root@made:~# '\n");
    await guest.waitFor(/root@made:~# /);
    const made = [
      'MDADM_NO_UDEV=1 mdadm --create /dev/md0 --run --level=1 --metadata=1.2 --raid-devices=2 /dev/vda /dev/vdb',
      'lvm pvcreate -qq /dev/md0 && lvm vgcreate -qq group /dev/md0',
      "lvm lvcreate -qq -y -L 100M -n root --config 'activation { udev_sync=0 udev_rules=0 }' group",
      'mke2fs -L MADE /dev/group/root >/dev/null && mkdir /made && mount -t ext4 /dev/group/root /made',
      'mkdir /made/dev /made/proc /made/sys /made/run /made/etc /made/bin /made/sbin && cp /bin/busybox /made/bin/',
      `printf '%s' '${Buffer.from(INIT).toString('base64')}' | base64 -d >/made/sbin/init && chmod 755 /made/sbin/init`,
      "umount /made && lvm vgchange -qq -an group --config 'activation { udev_sync=0 udev_rules=0 }'",
      'mdadm --stop /dev/md0; sync',
    ];
    for (const command of made) {
      const { status, output } = await guest.attempt(command);
      expect(status, `${command}\n${output}`).toBe(0);
    }
  });

  test.each([
    ['both disks', ['first', 'second']],
    ['one disk', ['second']],
  ])('mounts a root on a volume of an array with %s', async (_, disks) => {
    const line = 'root=LABEL=MADE rootfstype=ext4 rd.shell=0';
    await using guest = await startGuest(cd(), [...direct('initrd', line), ...disks.flatMap(member)]);
    await guest.waitFor(/root@made:~# /, 600_000);
    await guest.run('/bin/busybox dmesg -n 1');
    expect(await guest.run('/bin/busybox grep -c " / " /proc/mounts')).toBe('1');
    expect(await guest.run('/bin/busybox ls /sys/block')).toMatch(/dm-0[\s\S]*md/);
  });

  test('is made by dracut where the flavor says so, and boots to a healthy system', async () => {
    const flavor = join(directory, 'with-dracut.yaml');
    await writeFile(
      flavor,
      'extends: debian\ninitramfs: dracut\npackages:\n  initramfs: [dracut, dracut-live]\n',
    );
    const output = join(TEST_HOME, 'out-dracut');
    const made = await buildDebian({ output, flavor, extra: make('raw') });
    const { arguments: before } = await makeOtherDisk(directory);
    await using guest = await startGuest({
      artifact: made.artifact('raw'),
      attachment: 'disk',
      firmware: 'bios',
      before,
    });
    await guest.login();
    await expectOwnDisk(guest);
    expect(await guest.run('ls /run/cos/*_mode')).toBe('/run/cos/active_mode');
    const state = await guest.run('systemctl is-system-running --wait');
    expect(`${state} ${await guest.run('systemctl --failed --plain --no-legend')}`).toBe('running ');
    expect(await guest.run('findmnt -no FSTYPE /etc')).toBe('overlay');
    expect(await guest.run('dpkg-query -W dracut')).toContain('dracut');
  });
});
