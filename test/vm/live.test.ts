import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TEST_HOME, testBuild } from '../support/factory.ts';
import { tool } from '../support/tool.ts';
import { startGuest } from './guest.ts';

/** Byte 4 of the variable is its value; the first four are attributes (UEFI specification 8.2). */
const SECURE_BOOT =
  'od -An -tu1 -j4 -N1 /sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c';

/** The CD on BIOS is booted below, and in the life of a node. */
const FEW = [
  { firmware: 'uefi', attachment: 'disk' },
  { firmware: 'secureboot', attachment: 'cdrom' },
] as const;
const MORE = [
  ...FEW,
  { firmware: 'bios', attachment: 'disk' },
  { firmware: 'secureboot', attachment: 'disk' },
] as const;

describe.each(process.env['KAIROS_FACTORY_TEST_ALL'] ? MORE : FEW)(
  'the ISO as $attachment on $firmware',
  ({ firmware, attachment }) => {
    test('reaches a login', async () => {
      const { artifact } = await testBuild();
      await using guest = await startGuest({ artifact: artifact('iso'), attachment, firmware });
      await guest.login();
      expect(await guest.run('ls /run/cos/*_mode')).toBe('/run/cos/live_mode');
      expect(await guest.run('test -f /run/initramfs/live/rootfs.squashfs && echo there')).toBe('there');
      expect(await guest.run('ls /run/rootfsbase/etc/kairos-release')).toBe(
        '/run/rootfsbase/etc/kairos-release',
      );
      expect(await guest.run('systemctl is-system-running --wait')).toBe('running');
      if (firmware === 'secureboot') {
        expect(
          await guest.run(
            `mountpoint -q /sys/firmware/efi/efivars || mount -t efivarfs e /sys/firmware/efi/efivars; ${SECURE_BOOT}`,
          ),
        ).toBe('1');
      }
    });
  },
);

test('the ISO as cdrom on bios, with a volume CIDATA, reads its configuration and shows how to proceed', async () => {
  const { artifact } = await testBuild();
  const directory = await mkdtemp(join(TEST_HOME, 'cidata-'));
  try {
    await writeFile(
      join(directory, 'user-data'),
      '#cloud-config\nhostname: from-cidata\ninstall: {auto: false}\n',
    );
    const volume = join(directory, 'cidata.iso');
    await tool(
      'xorriso',
      '-as',
      'mkisofs',
      '-quiet',
      '-V',
      'CIDATA',
      '-J',
      '-o',
      volume,
      join(directory, 'user-data'),
    );
    await using guest = await startGuest(
      { artifact: artifact('iso'), attachment: 'cdrom', firmware: 'bios', waitsInMenu: true },
      [
        '-drive',
        `if=none,id=cidata,format=raw,readonly=on,file=${volume}`,
        '-device',
        'virtio-blk-pci,drive=cidata',
      ],
    );
    await guest.login();
    expect(await guest.run('systemctl is-system-running --wait')).toBe('running');
    expect(await guest.run('kairos-agent config get hostname')).toBe('from-cidata');
    expect(await guest.run('hostname')).toBe('from-cidata');
    // The account of live media can log in over SSH with its password.
    expect(await guest.run('id -nG kairos; sshd -T | grep ^passwordauthentication')).toMatch(
      /admin\npasswordauthentication yes/,
    );
    const issue = await guest.run('agetty --show-issue');
    expect(issue).toMatch(/ssh kairos@10\.0\.2\.15 +\(password: kairos\)/);
    expect(issue).toMatch(/[▀▄█]{5}/);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
