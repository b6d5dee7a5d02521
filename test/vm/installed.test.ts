import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExtensionReport } from '../../src/factory/pipeline/build-extension.ts';
import { factory, TEST_HOME, type TestBuild, testBuild } from '../support/factory.ts';
import { makeSigner, type TestSigner } from '../support/signer.ts';
import { tool } from '../support/tool.ts';
import { type Guest, startGuest } from './guest.ts';
import { expectHealthyBoot, expectOwnDisk } from './healthy-boot.ts';
import { makeOtherDisk, type OtherDisk } from './other-disk.ts';

const GIB = 1024 ** 3;

/** A separate disk for a guest: the artifact stays unchanged, and the disk is larger, like a real one. */
async function diskOf(artifact: string, directory: string): Promise<string> {
  const disk = join(directory, 'disk.qcow2');
  const format = artifact.endsWith('.raw') ? 'raw' : 'qcow2';
  await tool('qemu-img', 'create', '-q', '-f', 'qcow2', '-b', artifact, '-F', format, disk, '16G');
  return disk;
}

/** A system extension with one program, built and signed by the factory. */
async function signedExtension(directory: string, signer: TestSigner): Promise<ExtensionReport> {
  const programs = join(directory, 'content/usr/bin');
  await mkdir(programs, { recursive: true });
  await writeFile(join(programs, 'hello'), '#!/bin/sh\necho extended\n');
  await chmod(join(programs, 'hello'), 0o755);
  const target = ['--os-release-id', 'debian', '--os-release-version', '12', '--arch', 'amd64'];
  const signing = ['--sign-key', signer.key, '--certificate', signer.certificate];
  const from = ['--from', `dir:${join(directory, 'content')}`, '--output', directory, '--json'];
  const { status, stdout, stderr } = await factory(['sysext', 'hello', ...from, ...target, ...signing]);
  if (status !== 0) throw new Error(`the extension was not made:\n${stderr}`);
  return JSON.parse(stdout) as ExtensionReport;
}

describe('the raw disk on BIOS, beside a disk with the same labels', () => {
  let directory: string;
  let signer: TestSigner;
  let extension: ExtensionReport;
  let guest: Guest;
  let build: TestBuild;
  let other: OtherDisk;
  let before: string;

  beforeAll(async () => {
    build = await testBuild();
    directory = await mkdtemp(join(TEST_HOME, 'vm-'));
    signer = await makeSigner(directory, 'release');
    extension = await signedExtension(directory, signer);
    other = await makeOtherDisk(directory);
    before = await other.digest();
    guest = await startGuest(
      {
        artifact: await diskOf(build.artifact('raw'), directory),
        attachment: 'disk',
        firmware: 'bios',
        snapshot: false,
        before: other.arguments,
      },
      ['-drive', `if=virtio,format=raw,readonly=on,file=${extension.file}`],
    );
    await guest.login();
  });
  afterAll(async () => {
    await guest?.[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  test('boots straight into the active slot and is healthy', async () => {
    expect(await guest.run('ls /run/cos/*_mode')).toBe('/run/cos/active_mode');
    const state = await guest.run('systemctl is-system-running --wait');
    expect(`${state} ${await guest.run('systemctl --failed --plain --no-legend')}`).toBe('running ');
    // A login is also available on the screen.
    expect(await guest.run('systemctl is-active getty@tty1')).toBe('active');
  });

  test('has a read-only root and the labels of the contract', async () => {
    expect(await guest.run('findmnt -no OPTIONS / | tr , "\\n" | grep -x ro')).toBe('ro');
    expect(await guest.run('touch /forbidden')).toMatch(/Read-only file system/);
    const labels = await guest.run('lsblk -nro LABEL | sort -u | tr "\\n" " "');
    for (const label of [
      'COS_ACTIVE',
      'COS_GRUB',
      'COS_OEM',
      'COS_PERSISTENT',
      'COS_RECOVERY',
      'COS_STATE',
    ]) {
      expect(labels).toContain(label);
    }
    expect(await guest.run('test -s /run/initramfs/cos-state/cOS/passive.img && echo there')).toBe('there');
    expect(await guest.run('cat /etc/kairos-release | grep KAIROS_VERSION=')).toBe('KAIROS_VERSION="v1.2.3"');
  });

  test('uses its own partitions only, and names in /dev/disk are theirs', async () => {
    await expectOwnDisk(guest);
    expect(await guest.run('kairos-agent state get recovery.name')).toBe('/dev/vda4');
  });

  test('has grown its persistent partition to the end of the disk', async () => {
    const size = Number(await guest.run('lsblk -bnro SIZE /dev/disk/by-label/COS_PERSISTENT'));
    const filesystem = Number(await guest.run('df -B1 --output=size /usr/local | tail -n 1'));
    expect(size).toBeGreaterThan(10 * GIB);
    expect(filesystem).toBeGreaterThan(0.9 * size);
  });

  test('accepts a signed extension only with its certificate, reads it through dm-verity, and refuses a changed one', async () => {
    // The extension is a disk image.
    await guest.run('cat /dev/vdb >/usr/local/hello.sysext.raw');
    const copied = await guest.run('sha256sum </usr/local/hello.sysext.raw');
    expect(copied).toContain(extension.sha256);
    const installed = await guest.attempt('kairos-agent sysext install file:/usr/local/hello.sysext.raw');
    expect([installed.status, installed.output]).toEqual([0, expect.stringContaining('hello.sysext.raw')]);
    const enable = () => guest.attempt('kairos-agent sysext enable hello --common --now');

    const untrusted = await enable();
    expect([untrusted.status, untrusted.output]).toEqual([4, expect.stringContaining('was not merged')]);
    expect(await guest.run('hello')).toMatch(/not found/);

    const certificate = (await readFile(signer.certificate)).toString('base64');
    await guest.run(`mkdir -p /run/verity.d; echo ${certificate} | base64 -d >/run/verity.d/release.crt`);
    const trusted = await enable();
    expect([trusted.status, trusted.output]).toEqual([0, expect.anything()]);
    expect(await guest.run('hello')).toBe('extended');
    expect(await guest.run('cat /sys/block/dm-*/dm/uuid')).toMatch(/CRYPT-VERITY/);
    // Persistent paths are still visible and writable.
    expect(await guest.run('touch /usr/local/hello.sysext.raw && echo writable')).toBe('writable');

    await guest.attempt('kairos-agent sysext disable hello --common --now');
    const stored = '/var/lib/kairos/extensions/hello.sysext.raw';
    // Changes the content of a file. The part that the kernel reads before dm-verity is set up stays unchanged.
    await guest.run(`printf XXXX | dd of=${stored} bs=1 seek=$((1048576 + 100)) conv=notrunc status=none`);
    const changed = await enable();
    expect([changed.status, changed.output]).toEqual([4, expect.stringContaining('was not merged')]);
    expect(await guest.run('hello')).toMatch(/not found|No such file/);
    await guest.attempt('kairos-agent sysext remove hello --now');
  });

  test('discards changes of /etc, and keeps /usr/local, persistent paths and its identity', async () => {
    await guest.run('for f in /etc /usr/local /var/log /root /var/tmp; do echo kept >$f/marker; done; sync');
    const identity = await guest.run('cat /etc/machine-id; ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub');
    expect(identity).toMatch(/^[0-9a-f]{32}\n256 SHA256:/);
    const quoted = 'extra_cmdline=dyndbg="module loop +p" note="two  words" "whole=a b" one="1"';
    expect((await guest.attempt(`kairos-agent grubedit set '${quoted}'`)).status).toBe(0);
    await guest.reboot();
    const found = 'for f in /etc /usr/local /var/log /root /var/tmp; do test -e $f/marker && echo $f; done';
    expect((await guest.run(found)).split('\n')).toEqual(['/usr/local', '/var/log', '/root']);
    expect(await guest.run('cat /etc/machine-id; ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub')).toBe(
      identity,
    );
  });

  test('gives the kernel arguments with spaces as they were typed', async () => {
    const line = await guest.run('cat /proc/cmdline');
    expect(line).toContain(' "dyndbg=module loop +p" "note=two  words" "whole=a b" one=1');
    expect(line).not.toContain('\\');
    // The kernel gives arguments that it does not know to the first process.
    expect(await guest.run('tr "\\0" "\\n" </proc/1/environ | grep -E "^(note|whole)="')).toBe(
      'note=two  words\nwhole=a b',
    );
    await guest.attempt('kairos-agent grubedit set extra_cmdline=');
  });

  // The life of a node boots the passive slot, and the tests of the boot assessment select it.
  test('boots recovery once when selected', async () => {
    await guest.run('grub2-editenv /oem/grubenv set next_entry=recovery');
    await guest.reboot();
    expect(await guest.run('ls /run/cos/*_mode')).toBe('/run/cos/recovery_mode');
    expect(await guest.run('findmnt -no SOURCE /usr/local')).not.toMatch(/^\/dev\//);
    expect(await guest.run('systemctl is-system-running --wait')).toBe('running');
    expect(await guest.run('findmnt -no SOURCE /run/initramfs/cos-state')).toBe('/dev/vda4');
    expect(await guest.run('grub2-editenv /oem/grubenv list | grep next_entry=.')).toBe('');
  });

  test('has left the other disk as it was', async () => {
    expect(await other.digest()).toBe(before);
  });
});

const RELEASES = ['bullseye', 'bookworm', 'trixie'] as const;
/** Bullseye is no longer maintained, and mirrors of its archive lack packages that its lists still name. */
const WITHOUT_UPDATES = ['--set', 'mirror=http://deb.debian.org/debian'];
const FIRMWARES = ['bios', 'uefi', 'secureboot'] as const;
const MATRIX = RELEASES.flatMap((release) =>
  (['raw', 'qcow2'] as const).flatMap((kind) => FIRMWARES.map((firmware) => ({ release, kind, firmware }))),
);
/**
 * Secure Boot once, because a boot takes about a minute. Other tests of this kind boot the raw disk on UEFI, and trixie.
 */
const FEW = [{ release: 'bookworm', kind: 'qcow2', firmware: 'secureboot' }] as const;

describe.each<(typeof MATRIX)[number]>(process.env['KAIROS_FACTORY_TEST_ALL'] ? MATRIX : FEW)(
  'the $kind of $release on $firmware',
  ({ kind, firmware, release }) => {
    test('boots into the active slot and is healthy', async () => {
      const { artifact } = await testBuild(release, release === 'bullseye' ? WITHOUT_UPDATES : []);
      await expectHealthyBoot(artifact(kind), firmware);
    });
  },
);
