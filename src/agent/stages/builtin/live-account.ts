import { bootState, sentinels } from '../../config/boot-state.ts';
import { usersPlugin } from '../plugins/users.ts';
import type { BuiltinStep } from './builtin-step.ts';

const SSHD = '/etc/ssh/sshd_config.d/10-kairos-live.conf';

/**
 * Creates an administrator `kairos` with the password `kairos`, who can also log in over SSH, on live media only
 * (docs/contract.md 3.4). Both the command line and the initramfs must identify the system as live.
 */
export const liveAccountStep: BuiltinStep = {
  stage: 'boot.before',
  name: 'live account',
  run: async (host) => {
    if ((await bootState(host)) !== 'livecd_boot' || !(await sentinels(host)).has('live_mode')) return;
    const account = { passwd: 'kairos', groups: ['admin'], shell: '/bin/bash' };
    await usersPlugin.run({ host, step: {}, expand: async (text) => text }, { kairos: account });
    await host.write(SSHD, 'PasswordAuthentication yes\n');
  },
};
