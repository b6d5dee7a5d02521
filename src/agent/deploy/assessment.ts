import { ASSESSMENT, ASSESSMENT_VARIABLES } from '../../common/contract/boot-assessment.ts';
import type { Host } from '../../common/host/host.ts';
import { readGrubVariables, setGrubVariables } from '../boot/grub-environment-file.ts';

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

/** Records that the active system booted. @returns whether this was the first boot after an upgrade */
export async function passAssessment(host: Host, state: string): Promise<boolean> {
  const { enabled } = await assessment(host, state);
  await setGrubVariables(host, state + ASSESSMENT.environment, {
    [ASSESSMENT_VARIABLES.enabled]: undefined,
    [ASSESSMENT_VARIABLES.tentative]: undefined,
  });
  return enabled;
}

/** The assessment marks of the active system. */
export interface Assessment {
  /** The next or current boot is the first one after an upgrade. */
  readonly enabled: boolean;
  /** A boot started and has not completed. */
  readonly tentative: boolean;
}

/** Reads the assessment marks. */
export async function assessment(host: Host, state: string): Promise<Assessment> {
  const variables = await readGrubVariables(host, state + ASSESSMENT.environment);
  const is = (name: string) => variables.get(name) === 'yes';
  return { enabled: is(ASSESSMENT_VARIABLES.enabled), tentative: is(ASSESSMENT_VARIABLES.tentative) };
}
