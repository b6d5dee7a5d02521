import { LABEL } from '../../../common/contract/labels.ts';
import type { Host } from '../../../common/host/host.ts';
import { bootState } from '../../config/boot-state.ts';
import { assessment, passAssessment } from '../../deploy/assessment.ts';
import { biosPartition, findByLabel } from '../../deploy/block-device.ts';
import { placeBootLoader } from '../../deploy/boot-loader.ts';
import { mountTable, mountWritable } from '../../deploy/mounts.ts';
import type { BuiltinStep } from './builtin-step.ts';

/**
 * Ends the assessment when the active system has booted, so that the next boot chooses it again (docs/contract.md 2.3).
 * After an upgrade, the new boot loader is installed only now that the new system has proven to work (kairos#1799).
 */
export const bootAssessmentStep: BuiltinStep = {
  stage: 'boot.before',
  name: 'boot assessment',
  run: async (host) => {
    if ((await bootState(host)) !== 'active_boot') return;
    const device = await findByLabel(host, LABEL.state);
    if (device === undefined) return;
    // Most boots have nothing to clear, and do not write to the partition.
    const mounted = (await mountTable(host)).find(({ source }) => source === device);
    const marks = mounted && (await assessment(host, mounted.path));
    if (marks && !marks.enabled && !marks.tentative) return;
    await using state = await mountWritable(host, device, 'state');
    const firstBoot = await passAssessment(host, state.path);
    if (firstBoot) await refreshBootLoader(host, state.path, device);
  },
};

/** Installs the boot loader of the running system. @param device the state partition, mounted at `state` */
async function refreshBootLoader(host: Host, state: string, device: string): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const efi = await findByLabel(host, LABEL.efi);
  const esp = efi === undefined ? undefined : stack.use(await mountWritable(host, efi, 'efi'));
  const bios = await biosPartition(host, device);
  await placeBootLoader(host, '/', {
    state,
    ...(esp === undefined ? {} : { esp: esp.path }),
    ...(bios === undefined ? {} : { bios }),
  });
}
