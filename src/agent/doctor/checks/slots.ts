import { NODE_PATH } from '../../../common/contract/node-paths.ts';
import { SLOT_FILE } from '../../../common/contract/partition-files.ts';
import { nodeSummary } from '../../summary/node-summary.ts';
import { SLOTS } from '../../summary/read-slots.ts';
import { type Check, type Finding, failure, ok, warning } from '../check.ts';

/** Each slot has a system that can be read, and the last upgrade succeeded. */
export const slotsCheck: Check = {
  id: 'slots',
  on: 'node',
  run: async ({ host }) => {
    const { slots, problem = '', upgrade } = await nodeSummary(host);
    if (slots === undefined)
      return [failure(`the slots cannot be read: ${problem}`, 'Look at the check "partitions".')];
    const findings = SLOTS.map((name): Finding => {
      const slot = slots[name];
      if ('problem' in slot) return failure(`${name}: ${slot.problem}`, REPAIR[name]);
      if (slot.version !== undefined) return ok(`${name}: ${slot.version}`);
      return failure(`${name}: the system has no /etc/kairos-release`, REPAIR[name]);
    });
    const left = `${NODE_PATH.state}/${SLOT_FILE.transition}`;
    if ((await host.stat(left)) !== undefined) {
      findings.push(
        warning(
          `${left} is left of an upgrade that did not end`,
          'Run the upgrade again; it replaces the file.',
        ),
      );
    }
    if (upgrade?.outcome === 'fell back') findings.push(fellBack(upgrade.to));
    if (upgrade?.outcome === 'pending reboot')
      findings.push(
        warning(`the upgrade to ${upgrade.to ?? 'the new system'} starts at the next boot`, 'Reboot.'),
      );
    return findings;
  },
};

const REPAIR = {
  active: 'Upgrade again with "kairos-agent upgrade --source …".',
  passive: 'Upgrade again with "kairos-agent upgrade --source …"; the active system becomes the passive one.',
  recovery: 'Write it again with "kairos-agent upgrade --recovery --source …".',
} as const;

function fellBack(version = 'the new system'): Finding {
  return failure(
    `the upgrade to ${version} did not boot, and the passive system was started`,
    'Look at the boot that failed with "journalctl -b -1", upgrade with a working image, or try it again with "kairos-agent bootentry --select cos".',
  );
}
