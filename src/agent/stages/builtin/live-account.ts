import type { Host } from '../../../common/host/host.ts';
import { bootState, sentinels } from '../../config/boot-state.ts';
import { collectConfig } from '../../config/collect.ts';
import { tree } from '../../deploy/config-values.ts';
import { usersPlugin } from '../plugins/users.ts';
import type { BuiltinStep } from './builtin-step.ts';

const SSHD = '/etc/ssh/sshd_config.d/10-kairos-live.conf';
const CLOSED = 'PasswordAuthentication no\nKbdInteractiveAuthentication no\n';

/**
 * Creates an administrator `kairos` with the password `kairos`, who can also log in over SSH, on live media only
 * (docs/contract.md 3.4), unless an automatic installation is configured: for those minutes, everybody on the network would be
 * root. `kairos.live_ssh=on` or `off` on the kernel command line decides otherwise. Both the command line and the initramfs must identify the system as live.
 */
export const liveAccountStep: BuiltinStep = {
  stage: 'boot.before',
  name: 'live account',
  run: async (host) => {
    if ((await bootState(host)) !== 'livecd_boot' || !(await sentinels(host)).has('live_mode')) return;
    const account = { passwd: 'kairos', groups: ['admin'], shell: '/bin/bash' };
    await usersPlugin.run({ host, step: {}, expand: async (text) => text }, { kairos: account });
    const isOpen = await allowsPasswords(host);
    await host.write(SSHD, isOpen ? 'PasswordAuthentication yes\n' : CLOSED);
    if (!isOpen)
      host.log(
        'info',
        'SSH accepts no passwords; kairos.live_ssh=on on the kernel command line changes that',
      );
  },
};

/** Whether SSH accepts passwords. Nothing may be fetched yet, so a configuration from the network does not count. */
async function allowsPasswords(host: Host): Promise<boolean> {
  const words = ((await host.readText('/proc/cmdline')) ?? '').split(/\s+/);
  const asked = words.findLast((word) => word.startsWith('kairos.live_ssh='));
  if (asked !== undefined) return asked === 'kairos.live_ssh=on';
  const { data } = await collectConfig(host, { fetch: 'never' });
  return tree(data['install'])['auto'] !== true;
}
