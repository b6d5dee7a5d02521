import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Firmware } from '../../src/factory/config/prove.ts';
import { TEST_HOME } from '../support/factory.ts';
import type { Guest } from './guest.ts';
import { makeOtherDisk } from './other-disk.ts';
import { startProving } from './proving.ts';

/** The machine's clock has lost its battery. */
const CLOCK = ['-rtc', 'base=2001-01-01T00:00:00'];
const MOUNTED =
  'for d in /oem /run/initramfs/cos-state /usr/local; do findmnt -nro SOURCE $d | head -n 1; done';
const NAMED = 'for l in GRUB OEM RECOVERY STATE PERSISTENT; do readlink -f /dev/disk/by-label/COS_$l; done';
const OWN_MOUNTED = '/dev/vda3\n/dev/vda5\n/dev/vda6';
const OWN_NAMED = '/dev/vda2\n/dev/vda3\n/dev/vda4\n/dev/vda5\n/dev/vda6';

/** What `prove` does not ask by itself. */
const checks = (firmware: Firmware) => ({
  'clock.sh': 'test $(date +%s) -ge $(stat -c %Y /etc/kairos-release)',
  'firmware.sh': `${firmware === 'bios' ? '! ' : ''}test -d /sys/firmware/efi`,
  'mounts.sh': `found=$(${MOUNTED}); echo "$found"; [ "$found" = '${OWN_MOUNTED}' ]`,
  'names.sh': `found=$(${NAMED}); echo "$found"; [ "$found" = '${OWN_NAMED}' ]`,
  'other-disk.sh': '[ "$(lsblk -nro LABEL /dev/sda | grep -c COS_)" = 5 ] && [ ! -e /run/other-disk ]',
});

/** Proves a disk beside another one with the same labels, on a machine without a clock. */
export async function expectHealthyBoot(artifact: string, firmware: Firmware): Promise<void> {
  const home = await mkdtemp(join(TEST_HOME, 'vm-healthy-'));
  try {
    const scripts = join(home, 'checks');
    await mkdir(scripts);
    for (const [name, script] of Object.entries(checks(firmware)))
      await writeFile(join(scripts, name), `${script}\n`);
    // Unlike a BIOS, UEFI does not give GRUB the disk that it started as the first one.
    const { arguments: before } = await makeOtherDisk(home);
    const { prove } = await startProving(home, { before, after: CLOCK });
    const { status, stderr, proof } = await prove(artifact, '--firmware', firmware, '--checks', scripts);
    expect(status, `${stderr}\n${JSON.stringify(proof.results, null, 2)}`).toBe(0);
    expect(proof.results.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['the system is active', ...Object.keys(checks(firmware))]),
    );
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** Expects that the system uses the partitions of its own disk, beside another one with the same labels. */
export async function expectOwnDisk(guest: Guest): Promise<void> {
  expect(await guest.run(MOUNTED)).toBe(OWN_MOUNTED);
  expect(await guest.run(NAMED)).toBe(OWN_NAMED);
  expect(await guest.run('cat /proc/cmdline')).toContain(
    ` kairos.state_uuid=${await guest.run('blkid -s UUID -o value /dev/vda5')}`,
  );
  expect(await guest.run('lsblk -nro LABEL /dev/sda | grep -c COS_; ls /run/other-disk')).toMatch(
    /^5\n.*No such file/,
  );
}
