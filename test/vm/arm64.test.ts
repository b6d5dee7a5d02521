import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { arm64Build } from '../support/arm64.ts';
import { type Guest, startGuest } from './guest.ts';

const { version } = packageJson;

// Both the build and the machine are emulated, so these tests run only on request (docs/models.md).
describe.runIf(process.env['KAIROS_FACTORY_TEST_ALL'] === '1')(
  'Debian bookworm on a machine of arm64',
  () => {
    let build: Awaited<ReturnType<typeof arm64Build>>;
    beforeAll(async () => {
      build = await arm64Build();
    });

    const machines = [
      ['the disk', 'raw', 'uefi', 'active_mode', /^root=LABEL=COS_ACTIVE$/m],
      ['the disk, with Secure Boot on', 'raw', 'secureboot', 'active_mode', /^root=LABEL=COS_ACTIVE$/m],
      ['the ISO', 'iso', 'uefi', 'live_mode', /^root=live:CDLABEL=COS_LIVE$/m],
    ] as const;

    describe.each(machines)('%s', (_, ending, firmware, mode, root) => {
      let guest: Guest;
      beforeAll(async () => {
        const artifact = build.artifact(ending);
        guest = await startGuest({ artifact, arch: 'arm64', attachment: 'disk', firmware });
        await guest.login();
      });
      afterAll(() => guest?.[Symbol.asyncDispose]());

      test('boots to a healthy system, and its agent runs', async () => {
        expect(await guest.run('uname -m')).toBe('aarch64');
        expect(await guest.run('ls /run/cos | grep _mode')).toBe(mode);
        expect(await guest.run('tr " " "\\n" </proc/cmdline')).toMatch(root);
        expect(await guest.run('kairos-agent version')).toBe(`v${version}`);
        const state = await guest.run('systemctl is-system-running --wait');
        expect(
          `${state} ${await guest.run('for u in $(systemctl --failed --plain --no-legend | cut -d" " -f1); do echo $u; journalctl -b -u $u --no-pager | tail -n 12; done')}`,
        ).toBe('running ');
        if (firmware === 'secureboot') {
          // The last of the five bytes of the variable (UEFI specification 3.3) is 1 when Secure Boot is enforced.
          const variable = '/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c';
          expect(await guest.run(`od -An -tu1 -j4 ${variable}`)).toBe('1');
        }
      });
    });
  },
);
