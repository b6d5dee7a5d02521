import { sentinels } from '../../config/boot-state.ts';
import type { BuiltinStep } from './builtin-step.ts';

const NOTICE = [
  'THE LAST UPGRADE FAILED: the new system did not come up, and this is the one before it.',
  'What to do: "kairos-agent logs", then "kairos-agent upgrade --source …" with an image that works.',
  '',
  '',
].join('\n');

/** Tells everybody who comes to the machine that it fell back (docs/contract.md 2.3). */
export const upgradeFailureStep: BuiltinStep = {
  stage: 'boot.before',
  name: 'upgrade failure',
  run: async (host) => {
    if (!(await sentinels(host)).has('upgrade_failure')) return;
    host.log(
      'error',
      'the last upgrade failed: the new system did not come up, and this is the one before it',
    );
    await host.write('/etc/issue.d/00-upgrade-failure.issue', NOTICE);
    await host.write('/etc/motd.d/00-upgrade-failure', NOTICE);
  },
};
