import { ASSESSMENT } from '../../../common/contract/boot-assessment.ts';
import { grubEnvironment } from '../../../common/contract/grub-environment.ts';
import { LABEL } from '../../../common/contract/labels.ts';
import { NODE_PATH } from '../../../common/contract/node-paths.ts';
import { GRUB_FILE } from '../../../common/contract/partition-files.ts';
import type { Host } from '../../../common/host/host.ts';
import { findByLabel } from '../../deploy/find-by-label.ts';
import { mountReadable } from '../../deploy/mounts.ts';
import { type Check, type Finding, failure, ok } from '../check.ts';

const REMEDY =
  'Upgrade with "kairos-agent upgrade --source …": the first boot of the new system writes the boot loader again.';

/** The menu, and the environment blocks that GRUB reads before it starts a system, are whole. */
export const bootMenuCheck: Check = {
  id: 'boot-menu',
  on: 'node',
  run: async ({ host }) => {
    const device = await findByLabel(host, LABEL.state);
    if (device === undefined) return [];
    await using state = await mountReadable(host, device, 'state');
    const menu = await host.readText(`${state.path}/${GRUB_FILE.menu}`);
    const problems: Finding[] = [];
    if (!menu?.includes('--id cos'))
      problems.push(
        failure(`${GRUB_FILE.menu} on ${LABEL.state} has no entry for the active system`, REMEDY),
      );
    if ((await host.stat(state.path + ASSESSMENT.script)) === undefined)
      problems.push(
        failure(
          `${ASSESSMENT.script} on ${LABEL.state} is missing: a failed upgrade would not fall back`,
          REMEDY,
        ),
      );
    for (const block of [state.path + ASSESSMENT.environment, NODE_PATH.grubEnvironment])
      problems.push(...(await environmentBlock(host, block)));
    return problems.length > 0 ? problems : [ok('the menu and its variables are whole')];
  },
};

/** GRUB ignores a block of another size (GRUB manual, "Environment block"). */
async function environmentBlock(host: Host, path: string): Promise<Finding[]> {
  const size = (await host.stat(path))?.size;
  if (size === grubEnvironment({}).length) return [];
  const problem = size === undefined ? 'does not exist' : `has ${size} bytes, so that GRUB ignores it`;
  return [
    failure(
      `${path} ${problem}`,
      `Write it again: rm -f ${path}; grub-editenv ${path} create (or grub2-editenv).`,
    ),
  ];
}
