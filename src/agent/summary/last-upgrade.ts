import type { BootState } from '../../common/contract/boot-state.ts';
import type { SlotSystem } from '../deploy/slot-origin.ts';
import type { NodeSlots } from './read-slots.ts';

/** How the last upgrade of the active system ended. */
export type UpgradeOutcome =
  /** The new system has booted. */
  | 'booted'
  /** It starts at the next boot. */
  | 'pending reboot'
  /** Its first boot has begun and is not complete. */
  | 'booting'
  /** It did not boot, and the passive system was started instead. */
  | 'fell back'
  | 'not known';

/** The last upgrade of the active system. */
export interface LastUpgrade {
  /** RFC 3339. */
  readonly when: string;
  /** Version that ran at that time; absent when nothing noted it. */
  readonly from?: string;
  readonly to?: string;
  readonly digest?: string;
  readonly source?: string;
  readonly outcome: UpgradeOutcome;
}

/** What the outcome is judged by. */
export interface UpgradeEvidence {
  readonly booted: BootState;
  /** Whether this boot is the one that fell back. */
  readonly hasFallenBack: boolean;
  readonly marks: NodeSlots['marks'];
  /** The system of the active slot. */
  readonly active: SlotSystem;
  /** `.kairos-state`. */
  readonly history: Readonly<Record<string, string>>;
}

/**
 * Finds out what the last upgrade was and how it ended: from the note in the active system, or from the history of the node if
 * another agent wrote the system (docs/contract.md 1.4, 2.3).
 * @returns `undefined` when the node was never upgraded since its installation or reset
 */
export function lastUpgrade(evidence: UpgradeEvidence): LastUpgrade | undefined {
  const { active, history } = evidence;
  const { origin, version } = active;
  const outcome = outcomeOf(evidence);
  const to = version === undefined ? {} : { to: version };
  if (origin !== undefined) {
    if (origin.by !== 'upgrade') return undefined;
    const { written: when, digest, source, replaced } = origin;
    return {
      when,
      ...(replaced && { from: replaced.version }),
      ...to,
      ...(digest && { digest }),
      source,
      outcome,
    };
  }
  const when = history['last-active-upgrade'];
  if (when === undefined || when === 'never') return undefined;
  const source = history['last-active-source'];
  return { when, ...to, ...(source && { source }), outcome };
}

function outcomeOf({ booted, hasFallenBack, marks }: UpgradeEvidence): UpgradeOutcome {
  if (hasFallenBack) return 'fell back';
  if (marks === undefined) return 'not known';
  if (marks.tentative) return booted === 'active_boot' ? 'booting' : 'fell back';
  if (marks.enabled || marks.slot !== marks.activeId) return 'pending reboot';
  return 'booted';
}
