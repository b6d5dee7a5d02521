import type { BootState } from '../../common/contract/boot-state.ts';
import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { PERSISTENT_FILE } from '../../common/contract/partition-files.ts';
import { messageOf } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { bootState, sentinels } from '../config/boot-state.ts';
import { readHistory } from '../deploy/node-state.ts';
import { readSystem, type SlotSystem } from '../deploy/slot-origin.ts';
import { type LastUpgrade, lastUpgrade } from './last-upgrade.ts';
import { type NodeSlots, readSlots } from './read-slots.ts';

/** What a person wants to know of a node first. */
export interface NodeSummary {
  readonly boot: BootState;
  /** The system that runs. */
  readonly running: SlotSystem;
  /** Absent on a live system, and for an ordinary user. */
  readonly slots?: NodeSlots['slots'];
  /** Why the slots are absent. */
  readonly problem?: string;
  /** Absent when the slots are; `null` when there was none. */
  readonly upgrade?: LastUpgrade | null;
}

/**
 * Collects which system runs, what the slots hold, and how the last upgrade ended.
 * @param options.uid the user: only root can read the slots
 */
export async function nodeSummary(
  host: Host,
  { uid = 0 }: { readonly uid?: number | undefined } = {},
): Promise<NodeSummary> {
  const [boot, running] = await Promise.all([bootState(host), readSystem(host, '/')]);
  if (uid !== 0) return { boot, running, problem: 'run as root to read them' };
  let found: NodeSlots | undefined;
  try {
    found = await readSlots(host);
  } catch (error) {
    // The rest is worth as much without them.
    return { boot, running, problem: messageOf(error) };
  }
  if (found === undefined) return { boot, running, problem: 'nothing is installed on this machine' };
  const { slots, marks } = found;
  if ('problem' in slots.active) return { boot, running, slots };
  const upgrade = lastUpgrade({
    booted: boot,
    hasFallenBack: (await sentinels(host)).has('upgrade_failure'),
    marks,
    active: slots.active,
    history: await readHistory(host, `${NODE_PATH.persistent}/${PERSISTENT_FILE.history}`),
  });
  return { boot, running, slots, upgrade: upgrade ?? null };
}
