import type { BootState } from '../../../common/contract/boot-state.ts';
import { LABEL } from '../../../common/contract/labels.ts';
import type { Host } from '../../../common/host/host.ts';
import { bootState } from '../../config/boot-state.ts';
import { activeSlot, assessment, noteActiveSlot, passAssessment } from '../../deploy/assessment.ts';
import { biosPartition } from '../../deploy/block-device.ts';
import { placeBootLoader } from '../../deploy/boot-loader.ts';
import { findByLabel } from '../../deploy/find-by-label.ts';
import { mountTable, mountWritable } from '../../deploy/mounts.ts';
import type { BuiltinStep } from './builtin-step.ts';

/** The systems that boot with a state partition which they do not replace. */
const ASSESSED: readonly BootState[] = ['active_boot', 'passive_boot', 'recovery_boot'];

/**
 * Ends the assessment when the active system has booted, so that the next boot chooses it again (docs/contract.md 2.3).
 * After an upgrade, the new boot loader is installed only now that the new system has proven to work (kairos#1799). A
 * passive or recovery system notes which active system failed, so that GRUB gives the next one a chance.
 */
export const bootAssessmentStep: BuiltinStep = {
  stage: 'boot.before',
  name: 'boot assessment',
  run: async (host) => {
    const booted = await bootState(host);
    if (!ASSESSED.includes(booted)) return;
    const device = await findByLabel(host, LABEL.state);
    if (device === undefined) return;
    // Most boots have nothing to change, and do not write to the partition.
    const mounted = (await mountTable(host)).find(({ source }) => source === device);
    if (mounted && !(await needsMarks(host, mounted.path, booted))) return;
    await using state = await mountWritable(host, device, 'state');
    if (booted !== 'active_boot') {
      if (await needsMarks(host, state.path, booted)) await noteActiveSlot(host, state.path);
    } else if (await passAssessment(host, state.path)) await refreshBootLoader(host, state.path, device);
  },
};

async function needsMarks(host: Host, state: string, booted: BootState): Promise<boolean> {
  const { enabled, tentative, slot } = await assessment(host, state);
  if (booted !== 'active_boot') return slot === undefined;
  return enabled || tentative || slot !== (await activeSlot(host, state));
}

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
