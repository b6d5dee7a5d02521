import { sentinels } from '../../config/boot-state.ts';
import { showNotice } from '../../host/notice.ts';
import type { BuiltinStep } from './builtin-step.ts';

const NOTICE = [
  'THE LAST UPGRADE FAILED: the new system did not boot, and the previous one is running.',
  'What to do: run "kairos-agent logs", then "kairos-agent upgrade --source …" with a working image.',
  '',
  '',
].join('\n');

/** Shows at every login, and logs, that the machine fell back to the previous system (docs/contract.md 2.3). */
export const upgradeFailureStep: BuiltinStep = {
  stage: 'boot.before',
  name: 'upgrade failure',
  run: async (host) => {
    if (!(await sentinels(host)).has('upgrade_failure')) return;
    host.log(
      'error',
      'the last upgrade failed: the new system did not boot, and the previous one is running',
    );
    await showNotice(host, { name: '00-upgrade-failure', issue: NOTICE, motd: NOTICE });
  },
};
