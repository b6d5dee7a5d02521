import { expect, test } from 'vitest';
import { installCommand } from '../../../../src/agent/commands/install.ts';
import { testHost } from '../support/test-host.ts';

const CONFIG = [
  '#cloud-config',
  'install: {auto: true, reboot: true, device: /dev/nothing, source: "dir:/src"}',
  'users: [{name: a, groups: [admin]}]',
];
const DISK = { path: '/dev/vda', size: 2 ** 34, type: 'disk', ro: false, model: 'QEMU', label: null };

test('a failed installation shows the error, the remedy and the log on every console', async () => {
  await using host = await testHost({
    files: {
      '/proc/cmdline': 'root=live:CDLABEL=COS_LIVE install-mode',
      '/sys/class/tty/console/active': 'tty1 ttyS0\n',
      '/dev/tty1': '',
      '/dev/ttyS0': '',
      '/run/initramfs/live/config.yaml': CONFIG.join('\n'),
      '/src/file': 'x',
    },
    run: ({ program }) => (program === 'lsblk' ? JSON.stringify({ blockdevices: [DISK] }) : ''),
  });
  const command = installCommand({ host, out: () => undefined }).exitOverride();
  // The error is rethrown, so that the unit fails, too.
  await expect(command.parseAsync([], { from: 'user' })).rejects.toMatchObject({ kind: 'usage' });
  for (const console of ['/dev/tty1', '/dev/ttyS0']) {
    const shown = await host.readText(console);
    expect(shown).toContain('kairos: error: /dev/nothing is not a disk that can be installed to\r\n');
    expect(shown).toContain('kairos:   /dev/vda  16.0 GiB  QEMU\r\n');
    expect(shown).toContain('kairos:   to do: Use one of these disks, or auto.\r\n');
    expect(shown).toContain('kairos:   code: DISK_NOT_FOUND\r\n');
    expect(shown).toContain('/var/log/kairos/install.log');
  }
  expect(host.commands().filter((line) => /reboot|poweroff/.test(line))).toEqual([]);
});
