import { ASSESSMENT, ASSESSMENT_VARIABLES } from '../../common/contract/boot-assessment.ts';
import type { Host } from '../../common/host/host.ts';
import { readGrubVariables, setGrubVariables } from '../boot/grub-environment-file.ts';

/**
 * Has the next boot of the active system assessed. A mark that an earlier upgrade left goes, or the new system would be
 * passed over at once (docs/contract.md 2.3).
 * @param state where the state partition is mounted
 */
export async function armAssessment(host: Host, state: string): Promise<void> {
  await setGrubVariables(host, state + ASSESSMENT.environment, {
    [ASSESSMENT_VARIABLES.enabled]: 'yes',
    [ASSESSMENT_VARIABLES.tentative]: undefined,
  });
}

/** Says that the active system has come up. @returns whether it was the first boot after an upgrade */
export async function passAssessment(host: Host, state: string): Promise<boolean> {
  const { enabled } = await assessment(host, state);
  await setGrubVariables(host, state + ASSESSMENT.environment, {
    [ASSESSMENT_VARIABLES.enabled]: undefined,
    [ASSESSMENT_VARIABLES.tentative]: undefined,
  });
  return enabled;
}

/** What the boot loader knows of the active system. */
export interface Assessment {
  /** Its next boot, or its last, is the first after an upgrade. */
  readonly enabled: boolean;
  /** A boot was begun, and has not come to its end. */
  readonly tentative: boolean;
}

/** Reads the marks. */
export async function assessment(host: Host, state: string): Promise<Assessment> {
  const variables = await readGrubVariables(host, state + ASSESSMENT.environment);
  const is = (name: string) => variables.get(name) === 'yes';
  return { enabled: is(ASSESSMENT_VARIABLES.enabled), tentative: is(ASSESSMENT_VARIABLES.tentative) };
}
