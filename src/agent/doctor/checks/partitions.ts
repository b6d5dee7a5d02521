import { LABEL } from '../../../common/contract/labels.ts';
import { NODE_PATH } from '../../../common/contract/node-paths.ts';
import { allWithLabel } from '../../deploy/find-by-label.ts';
import { mountTable } from '../../deploy/mounts.ts';
import { type Check, type CheckContext, type Finding, failure, ok, warning } from '../check.ts';

/** Partitions of every node (docs/contract.md 1.1). */
const NEEDED = [LABEL.oem, LABEL.recovery, LABEL.state, LABEL.persistent];
const FIRMWARE = '/sys/firmware/efi';
/** What must be mounted, and be writable. */
const WRITABLE = [NODE_PATH.oem, NODE_PATH.persistent];

/** The partitions exist once each, and those for data are mounted and writable. */
export const partitionsCheck: Check = {
  id: 'partitions',
  on: 'node',
  run: async ({ host }) => {
    const isUefi = (await host.stat(FIRMWARE)) !== undefined;
    const labels = [...NEEDED, ...(isUefi ? [LABEL.efi] : [])];
    const found = await Promise.all(labels.map((label) => partition({ host }, label)));
    const mounts = await mountTable(host);
    const unwritable = WRITABLE.flatMap((path): Finding[] => {
      const entry = mounts.find((each) => each.path === path);
      if (entry === undefined)
        return [failure(`${path} is not mounted`, 'Look at /run/initramfs/kairos.log, then reboot.')];
      if (entry.options.includes('rw')) return [];
      return [
        failure(
          `${path} is read-only`,
          `Look for disk errors with "dmesg"; then run e2fsck on ${entry.source}.`,
        ),
      ];
    });
    const problems = [...found.flat(), ...unwritable];
    return problems.length > 0
      ? problems
      : [ok(`${labels.join(', ')}; ${WRITABLE.join(' and ')} are writable`)];
  },
};

async function partition({ host }: Pick<CheckContext, 'host'>, label: string): Promise<Finding[]> {
  const devices = await allWithLabel(host, label);
  if (devices.length === 0)
    return [
      failure(`no partition has the label ${label}`, 'Boot the installation medium, and install again.'),
    ];
  if (devices.length === 1) return [];
  const names = devices.map(({ device }) => device).join(' and ');
  return [
    warning(
      `${names} have the label ${label}`,
      'Remove the disk of the other system, or erase it with wipefs.',
    ),
  ];
}
