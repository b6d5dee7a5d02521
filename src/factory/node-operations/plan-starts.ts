import { planWaves } from '../rollout/waves.ts';
import type { NodeOpSpec } from './schema.ts';
import { failedAfterReboot, isInWork, type NodeStatus } from './status.ts';

/** What decides on which nodes the work begins. */
export interface Situation {
  readonly spec: Pick<NodeOpSpec, 'concurrency' | 'stopOnFailure' | 'waves' | 'maxUnavailable' | 'paused'>;
  /** The names of the nodes, in the order of the work. */
  readonly targets: readonly string[];
  readonly statuses: Readonly<Record<string, NodeStatus>>;
  /** Whether the node is ready. */
  readonly isReady: (name: string) => boolean;
}

/** Which nodes begin now, and why those that wait do not. */
export interface Starts {
  readonly begin: readonly string[];
  /** `stopped` and `paused` begin none; `waiting` for nodes in work; `none` is left otherwise. */
  readonly rest: 'stopped' | 'paused' | 'waiting' | 'none';
  readonly why?: string;
}

/** Plans on which nodes the work begins: in waves, and at most as many at the same time as the spec allows. */
export function planStarts({ spec, targets, statuses, isReady }: Situation): Starts {
  const isNew = (name: string) => (statuses[name]?.phase ?? 'Pending') === 'Pending';
  const left = targets.filter(isNew);
  if (left.length === 0) return { begin: [], rest: 'none' };
  const stop = stopReason(spec, statuses);
  if (stop !== undefined) return { begin: [], rest: 'stopped', why: stop };
  if (spec.paused) return { begin: [], rest: 'paused' };
  const wave = currentWave(targets, { waves: spec.waves, statuses });
  const room = roomFor({ spec, targets, statuses, isReady });
  const waiting = wave.filter(isNew);
  const failed = wave.find((name) => statuses[name]?.phase === 'Failed');
  if (failed !== undefined && waiting.length === 0)
    return { begin: [], rest: 'stopped', why: `${failed} failed, and its wave is not complete` };
  const begin: string[] = [];
  let unavailable = room.unavailable;
  for (const name of waiting) {
    // A node that is not ready is unavailable already.
    const more = isReady(name) ? 1 : 0;
    if (begin.length >= room.inWork || unavailable + more > room.mostUnavailable) break;
    begin.push(name);
    unavailable += more;
  }
  return { begin, rest: begin.length === left.length ? 'none' : 'waiting' };
}

/** Why no further node begins. */
function stopReason(
  { stopOnFailure }: Pick<NodeOpSpec, 'stopOnFailure'>,
  statuses: Situation['statuses'],
): string | undefined {
  for (const [name, status] of Object.entries(statuses)) {
    if (failedAfterReboot(status)) return `${name} did not prove itself after its reboot`;
    if (stopOnFailure && status.phase === 'Failed') return `${name} failed`;
  }
  return undefined;
}

/** The first wave that is not complete. A node that failed keeps it from being so. */
function currentWave(
  targets: readonly string[],
  { waves, statuses }: Pick<Situation, 'statuses'> & Pick<NodeOpSpec, 'waves'>,
): readonly string[] {
  if (waves === undefined) return targets;
  const nodes = targets.map((name) => ({ name, groups: [] }));
  return (
    planWaves(nodes, waves).find((wave) => wave.some((name) => statuses[name]?.phase !== 'Completed')) ?? []
  );
}

function roomFor({ spec, targets, statuses, isReady }: Situation) {
  const working = Object.values(statuses).filter(isInWork).length;
  const most = spec.concurrency === 0 ? Number.POSITIVE_INFINITY : spec.concurrency;
  const unavailable = targets.filter((name) => isInWork(statuses[name]) || !isReady(name)).length;
  return {
    inWork: most - working,
    unavailable,
    mostUnavailable: spec.maxUnavailable ?? Number.POSITIVE_INFINITY,
  };
}
