import { INTERRUPTED_MENU } from '../../../src/agent/deploy/boot-loader.ts';
import type { NodeOnDisk, View } from './read-node.ts';
import type { Operation } from './record-node.ts';

/** The node after each operation. */
export type Milestones = Readonly<Record<Operation, NodeOnDisk>>;

/** What a node would do after a power cut during an operation, and what is wrong with that. */
export interface Judgement {
  readonly outcome: string;
  readonly problems: readonly string[];
}

/** @param done whether the operation had been reported as done */
export function judgeCut(
  operation: Operation,
  found: NodeOnDisk,
  { milestones, done }: { readonly milestones: Milestones; readonly done: boolean },
): Judgement {
  const judges = { install: judgeInstall, upgrade: judgeUpgrade, reset: judgeReset };
  const { outcome, problems } = judges[operation](found, milestones);
  const lost = done && outcome !== 'done' ? [`it was reported as done, but is ${outcome}`] : [];
  return { outcome, problems: [...problems, ...lost] };
}

/** The parts of a view that an operation has to keep or to reach, beside the history, which has times. */
const PARTS = ['menu', 'active', 'passive', 'recovery', 'marks', 'variables', 'config'] as const;

/** Names the parts that differ, for both readers. */
function differences(found: NodeOnDisk, wanted: NodeOnDisk, parts: readonly (keyof View)[]): string[] {
  return (['grub', 'linux'] as const).flatMap((reader) =>
    parts
      .filter((part) => JSON.stringify(found[reader][part]) !== JSON.stringify(wanted[reader][part]))
      .map((part) => `${reader}: ${part} is ${JSON.stringify(found[reader][part])}`),
  );
}

/**
 * It is not a system, or a complete one. GRUB decides: it does not read the journal, which may already have the complete menu,
 * and all that goes before it, for Linux.
 */
function judgeInstall(found: NodeOnDisk, { install }: Milestones): Judgement {
  if (found.grub.menu !== install.grub.menu) {
    if (found.bootCode !== 'grub') return { outcome: found.bootCode, problems: [] };
    const isKnown = [INTERRUPTED_MENU, install.linux.menu].includes(found.linux.menu);
    const problems = isKnown ? [] : [`Linux finds the menu ${found.linux.menu}`];
    if (found.grub.menu !== INTERRUPTED_MENU) problems.push(`GRUB has the menu ${found.grub.menu}`);
    return { outcome: 'interrupted', problems };
  }
  const problems = differences(found, install, PARTS);
  if (found.bootCode !== 'grub') problems.push(`the boot code is ${found.bootCode}`);
  if (found.esp !== install.esp) problems.push('the EFI system partition is not complete');
  if (!found.linux.history?.includes('first-install')) problems.push(`the history is ${found.linux.history}`);
  return { outcome: 'done', problems };
}

/** The old system starts, or the new one, which is assessed then. */
function judgeUpgrade(found: NodeOnDisk, { install, upgrade }: Milestones): Judgement {
  const problems = differences(found, install, ['menu', 'recovery', 'config', 'passive']);
  for (const reader of ['grub', 'linux'] as const) {
    const { active, marks } = found[reader];
    if (![undefined, install[reader].active, upgrade[reader].active].includes(active))
      problems.push(`${reader}: active is ${active}`);
    const assessed =
      marks['enable_boot_assessment'] === 'yes' && marks['boot_assessment_tentative'] !== 'yes';
    if (active === upgrade[reader].active && !assessed)
      problems.push(`${reader}: the new system is not assessed: ${JSON.stringify(marks)}`);
  }
  const { active } = found.linux;
  const outcome = active === upgrade.linux.active ? 'done' : active === undefined ? 'passive' : 'old';
  return { outcome, problems };
}

/** It has not begun, begins again at the next boot, or is complete. */
function judgeReset(found: NodeOnDisk, { upgrade, reset }: Milestones): Judgement {
  const problems = differences(found, upgrade, ['menu', 'recovery', 'config']);
  if (found.grub.variables['next_entry'] === 'statereset') return { outcome: 'again', problems };
  const slots = ['active', 'passive'] as const;
  if (differences(found, upgrade, slots).length === 0 && found.linux.history?.includes('last-active'))
    return { outcome: 'untouched', problems };
  problems.push(...differences(found, reset, PARTS));
  if (!found.linux.history?.includes('last-reset')) problems.push(`the history is ${found.linux.history}`);
  return { outcome: 'done', problems };
}
