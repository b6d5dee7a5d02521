import type { Observation } from './observation.ts';
import type { NodeRecord, System } from './state.ts';

/** What comes next for a node. */
export type Decision =
  | { readonly kind: 'upgrade' }
  | { readonly kind: 'reboot' }
  /** Look again later. */
  | { readonly kind: 'wait'; readonly why: string }
  /** Slot and digest are right; health is not known. */
  | { readonly kind: 'check health' }
  | { readonly kind: 'fail'; readonly reason: string };

/**
 * Decides what comes next for a node that has answered, only from what it says and from the boot in which its upgrade began.
 * So a rollout that was killed at any moment continues, and never upgrades a node that has the system already.
 * @param digests each of them is the image
 */
export function decide(
  record: Pick<NodeRecord, 'phase' | 'bootId'>,
  node: Observation,
  digests: readonly string[],
): Decision {
  const isNew = (digest: string | undefined) => digest !== undefined && digests.includes(digest);
  const { running, active, upgrade } = node;
  const isActive = running.slot === 'active';
  if ('problem' in active) return { kind: 'wait', why: `its slots cannot be read: ${active.problem}` };
  if (isActive && isNew(running.digest)) {
    if (!isNew(active.digest)) return fail('another upgrade than this one waits for the next boot');
    if (upgrade?.outcome === 'booting' || node.isStarting)
      return { kind: 'wait', why: 'it is still starting' };
    return { kind: 'check health' };
  }
  if (isNew(active.digest)) return fromOther(record, node);
  if (record.phase === 'rebooting')
    return fail(
      `the upgrade ended, but the active slot has another system; it runs ${describeSystem(running)}`,
    );
  if (record.phase === 'proving') return fail(`it went back to ${describeSystem(running)}`);
  if (isActive || running.slot === 'passive') return { kind: 'upgrade' };
  return fail(`it runs ${describeSystem(running)}, which cannot be upgraded`);
}

/** The image is in the active slot, and another system runs. */
function fromOther(record: Pick<NodeRecord, 'bootId'>, { bootId, running, upgrade }: Observation): Decision {
  const runs = `it runs ${describeSystem(running)}`;
  // A fallback is another boot than the one in which the upgrade began, whichever slot that was from.
  const isSameBoot = record.bootId === bootId || (record.bootId === undefined && running.slot === 'active');
  if (isSameBoot) return { kind: 'reboot' };
  const what =
    upgrade?.outcome === 'fell back'
      ? 'it fell back, because the first boot of the new system failed'
      : 'it did not start the new system';
  return fail(`${what}${describeUpgrade(upgrade)}; ${runs}`);
}

/** The agent's own record of an upgrade, in parentheses. */
function describeUpgrade(upgrade: Observation['upgrade']): string {
  const { from, to, when } = upgrade ?? {};
  const words = [from && `from ${from}`, to && `to ${to}`, when && `written ${when}`].filter(Boolean);
  return words.length === 0 ? '' : ` (upgrade ${words.join(' ')})`;
}

/** Describes a system for people: version, slot and the start of the digest. */
export function describeSystem({ slot, version = 'an unknown version', digest }: System): string {
  const short = digest === undefined ? 'no digest' : digest.slice(0, SHOWN);
  return `${version} (${short}) from the ${slot} slot`;
}

/** `sha256:` and twelve hexadecimal digits. */
const SHOWN = 19;

function fail(reason: string): Decision {
  return { kind: 'fail', reason };
}
