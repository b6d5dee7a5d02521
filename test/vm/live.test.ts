import { describe, expect, test } from 'vitest';
import { testBuild } from '../support/factory.ts';
import { startGuest } from './guest.ts';

/** Byte 4 of the variable is its value; the first four are attributes (UEFI specification 8.2). */
const SECURE_BOOT =
  'od -An -tu1 -j4 -N1 /sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c';

describe.each([
  { firmware: 'bios', attachment: 'cdrom' },
  { firmware: 'bios', attachment: 'disk' },
  { firmware: 'uefi', attachment: 'disk' },
  { firmware: 'secureboot', attachment: 'cdrom' },
] as const)('the ISO as $attachment on $firmware', ({ firmware, attachment }) => {
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
});
