import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Firmware } from '../../src/factory/config/prove.ts';
import { TEST_HOME } from '../support/factory.ts';
import { type Guest, startGuest } from './guest.ts';
import { makeOtherDisk } from './other-disk.ts';

/** Boots a disk beside another one with the same labels, on a machine without a clock, and expects a healthy active system. */
export async function expectHealthyBoot(artifact: string, firmware: Firmware): Promise<void> {
  // The clock of the machine has lost its battery.
  const clock = ['-rtc', 'base=2001-01-01T00:00:00'];
  const directory = await mkdtemp(join(TEST_HOME, 'vm-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  // Unlike a BIOS, UEFI does not give GRUB the disk that it started as the first one.
  const { arguments: before } = await makeOtherDisk(directory);
  const waitsInMenu = firmware === 'bios';
  const guest = stack.use(
    await startGuest({ artifact, attachment: 'disk', firmware, before, waitsInMenu }, clock),
  );
  await guest.login();
  await expectOwnDisk(guest);
  expect(await guest.run('ls /run/cos/*_mode')).toBe('/run/cos/active_mode');
  const isLater = 'test $(date +%s) -ge $(stat -c %Y /etc/kairos-release) && echo later';
  expect(await guest.run(isLater)).toBe('later');
  const state = await guest.run('systemctl is-system-running --wait');
  expect(`${state} ${await guest.run('systemctl --failed --plain --no-legend')}`).toBe('running ');
  expect(await guest.run('test -d /sys/firmware/efi && echo uefi || echo bios')).toBe(
    firmware === 'bios' ? 'bios' : 'uefi',
  );
}

/** Expects that the system uses the partitions of its own disk, beside another one with the same labels. */
export async function expectOwnDisk(guest: Guest): Promise<void> {
  const mounted =
    'for d in /oem /run/initramfs/cos-state /usr/local; do findmnt -nro SOURCE $d | head -n 1; done';
  expect(await guest.run(mounted)).toBe('/dev/vda3\n/dev/vda5\n/dev/vda6');
  const named = 'for l in GRUB OEM RECOVERY STATE PERSISTENT; do readlink -f /dev/disk/by-label/COS_$l; done';
  expect(await guest.run(named)).toBe('/dev/vda2\n/dev/vda3\n/dev/vda4\n/dev/vda5\n/dev/vda6');
  expect(await guest.run('cat /proc/cmdline')).toContain(
    ` kairos.state_uuid=${await guest.run('blkid -s UUID -o value /dev/vda5')}`,
  );
  expect(await guest.run('lsblk -nro LABEL /dev/sda | grep -c COS_; ls /run/other-disk')).toMatch(
    /^5\n.*No such file/,
  );
}
