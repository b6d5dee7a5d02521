import { type HostSystem, installation } from '../tools/host-packages.ts';
import type { Check } from './check.ts';

/** What fixes a machine. */
export interface FixPlan {
  /** The commands, as words, in their order. */
  readonly commands: readonly (readonly string[])[];
  /** What no command fixes, with the remedy. */
  readonly left: readonly Check[];
}

/** Derives the commands that fix what the checks have found: one for all packages, and one for each other fault. */
export function planFix(checks: readonly Check[], system: HostSystem): FixPlan {
  const faults = checks.filter(({ state }) => state === 'fault');
  const packages = faults.flatMap(({ fix }) => (fix && 'install' in fix ? [fix.install] : []));
  const { unattended, absent } = installation(packages, system);
  const others = faults.flatMap(({ fix }) => (fix && 'command' in fix ? [fix.command] : []));
  const distinct = [...new Map(others.map((words) => [words.join(' '), words])).values()];
  return {
    commands: [...(unattended === undefined ? [] : [unattended]), ...distinct],
    left: faults.filter(({ fix }) => fix === undefined || ('install' in fix && absent.includes(fix.install))),
  };
}
