import { LABEL } from '../../../common/contract/labels.ts';
import type { Host } from '../../../common/host/host.ts';
import { bootState } from '../../config/boot-state.ts';
import { assessment, passAssessment } from '../../deploy/assessment.ts';
import { biosPartition, findByLabel } from '../../deploy/block-device.ts';
import { placeBootLoader } from '../../deploy/boot-loader.ts';
import { mountTable, mountWritable } from '../../deploy/mounts.ts';
import type { BuiltinStep } from './builtin-step.ts';

/**
 * The active system has come up: it is not counted any more, and the next boot takes it again (docs/contract.md 2.3).
 * After an upgrade its boot loader replaces the old one only now, when the system it belongs to has shown that it works
 * (kairos#1799).
 */
export const bootAssessmentStep: BuiltinStep = {
  stage: 'boot.before',
  name: 'boot assessment',
  run: async (host) => {
    if ((await bootState(host)) !== 'active_boot') return;
    const device = await findByLabel(host, LABEL.state);
    if (device === undefined) return;
    // Most boots have nothing to clear, and leave the partition as it is.
    const mounted = (await mountTable(host)).find(({ source }) => source === device);
    const marks = mounted && (await assessment(host, mounted.path));
    if (marks && !marks.enabled && !marks.tentative) return;
    await using state = await mountWritable(host, device, 'state');
    const firstBoot = await passAssessment(host, state.path);
    if (firstBoot) await refreshBootLoader(host, state.path, device);
  },
};

/** @param device of the state partition, which is mounted at `state` */
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
