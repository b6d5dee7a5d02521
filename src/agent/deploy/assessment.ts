import { ASSESSMENT, ASSESSMENT_VARIABLES } from '../../common/contract/boot-assessment.ts';
import { SLOT_FILE } from '../../common/contract/partition-files.ts';
import { SUPERBLOCK, slotId } from '../../common/contract/slot-id.ts';
import type { Host } from '../../common/host/host.ts';
import { readGrubVariables, setGrubVariables } from '../boot/grub-environment-file.ts';
import { readAt } from './block-device.ts';

/**
 * Enables assessment for the next boot of the active system. It clears the marks of an earlier upgrade; with them, GRUB
 * would skip the new system immediately (docs/contract.md 2.3).
 * @param state mount point of the state partition
 */
export async function armAssessment(host: Host, state: string): Promise<void> {
  await setGrubVariables(host, state + ASSESSMENT.environment, {
    [ASSESSMENT_VARIABLES.enabled]: 'yes',
    [ASSESSMENT_VARIABLES.tentative]: undefined,
  });
}

/**
 * Records that the active system booted.
 * @returns whether this was its first boot, after an upgrade by this or another agent
 */
export async function passAssessment(host: Host, state: string): Promise<boolean> {
  const { enabled, slot: known } = await assessment(host, state);
  const slot = await activeSlot(host, state);
  await setGrubVariables(host, state + ASSESSMENT.environment, {
    [ASSESSMENT_VARIABLES.enabled]: undefined,
    [ASSESSMENT_VARIABLES.tentative]: undefined,
    [ASSESSMENT_VARIABLES.slot]: slot,
  });
  return enabled || known !== slot;
}

/** Records which system is in the active slot, so that GRUB notices another one (docs/contract.md 2.3). */
export async function noteActiveSlot(host: Host, state: string): Promise<void> {
  const slot = await activeSlot(host, state);
  await setGrubVariables(host, state + ASSESSMENT.environment, { [ASSESSMENT_VARIABLES.slot]: slot });
}

/** The assessment marks of the active system. */
export interface Assessment {
  /** The next or current boot is the first one after an upgrade. */
  readonly enabled: boolean;
  /** A boot started and has not completed. */
  readonly tentative: boolean;
  /** The id of the known active system; absent before the first boot of any, and while GRUB assesses an unknown one. */
  readonly slot: string | undefined;
}

/** Reads the assessment marks. */
export async function assessment(host: Host, state: string): Promise<Assessment> {
  const variables = await readGrubVariables(host, state + ASSESSMENT.environment);
  const is = (name: string) => variables.get(name) === 'yes';
  return {
    enabled: is(ASSESSMENT_VARIABLES.enabled),
    tentative: is(ASSESSMENT_VARIABLES.tentative),
    // GRUB writes an empty value to remove a variable.
    slot: variables.get(ASSESSMENT_VARIABLES.slot) || undefined,
  };
}

/** The id of the system in the active slot; `undefined` when there is none, or none in an ext filesystem. */
export async function activeSlot(host: Host, state: string): Promise<string | undefined> {
  const image = `${state}/${SLOT_FILE.active}`;
  return (await host.stat(image)) === undefined ? undefined : slotId(await readAt(host, image, SUPERBLOCK));
}
