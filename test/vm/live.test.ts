import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TEST_HOME, testBuild } from '../support/factory.ts';
import { tool } from '../support/tool.ts';
import { startGuest } from './guest.ts';

/** How a medium can be started; each way leads to the same system. The life of a node starts it as a disk on BIOS. */
const WAYS = [
  { firmware: 'bios', attachment: 'cdrom' },
  { firmware: 'secureboot', attachment: 'cdrom' },
  ...(process.env['KAIROS_FACTORY_TEST_ALL']
    ? ([
        { firmware: 'bios', attachment: 'disk' },
        { firmware: 'uefi', attachment: 'cdrom' },
        { firmware: 'secureboot', attachment: 'disk' },
      ] as const)
    : []),
] as const;
/** The last message of the initramfs. */
const SYSTEM_STARTS = /kairos: step at .*: the root is set up/;
const TIMEOUT = 600_000;

test.each(WAYS)('the ISO as $attachment on $firmware starts its system', async ({ firmware, attachment }) => {
  const { artifact } = await testBuild();
  await using guest = await startGuest({ artifact: artifact('iso'), attachment, firmware });
  if (firmware === 'secureboot') await guest.waitFor(/Secure boot enabled/, TIMEOUT);
  await guest.waitFor(SYSTEM_STARTS, TIMEOUT);
});

test('the ISO as disk on uefi, with a volume CIDATA, reads its configuration and shows how to proceed', async () => {
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
      { artifact: artifact('iso'), attachment: 'disk', firmware: 'uefi', waitsInMenu: true },
      [
        '-drive',
        `if=none,id=cidata,format=raw,readonly=on,file=${volume}`,
        '-device',
        'virtio-blk-pci,drive=cidata',
      ],
    );
    await guest.login();
    expect(await guest.run('ls /run/cos/*_mode')).toBe('/run/cos/live_mode');
    expect(await guest.run('test -f /run/initramfs/live/rootfs.squashfs && echo there')).toBe('there');
    expect(await guest.run('ls /run/rootfsbase/etc/kairos-release')).toBe(
      '/run/rootfsbase/etc/kairos-release',
    );
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
