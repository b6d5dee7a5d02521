import { driveNode } from './drive-node.ts';
import type { Clock, NodeAccess } from './node-access.ts';
import type { RolloutNode, RolloutSpec } from './schema.ts';
import { IN_WORK, type NodeRecord, type RolloutState } from './state.ts';

/** The stored state of a rollout. */
export interface StateStore {
  readonly state: () => RolloutState;
  /** Changes the record of a node; it is stored when the promise is fulfilled. */
  readonly update: (name: string, change: Partial<NodeRecord>) => Promise<void>;
  readonly isPaused: () => Promise<boolean>;
}

/** What a rollout needs. */
export interface Rollout {
  readonly spec: Pick<RolloutSpec, 'nodes' | 'limits' | 'max-unavailable'>;
  readonly store: StateStore;
  readonly access: NodeAccess;
  readonly clock: Clock;
}

/** How a rollout ended; `paused` leaves nodes that wait. */
export type RolloutEnd = 'done' | 'failed' | 'paused';

/**
 * Brings the nodes to the image, wave by wave, at most `max-unavailable` at the same time. A wave begins when all nodes of the one
 * before are done. After a failure, or a pause, no further node begins; those in work are brought to their end.
 * @throws only what ends the whole rollout, such as an interruption; it can be continued
 */
export async function runRollout(rollout: Rollout): Promise<RolloutEnd> {
  const { store } = rollout;
  const phaseOf = (name: string) => store.state().nodes[name]?.phase ?? 'waiting';
  for (const wave of store.state().plan.waves) {
    await runWave(rollout, wave);
    if (wave.every((name) => phaseOf(name) === 'done')) continue;
    return wave.some((name) => phaseOf(name) === 'failed') ? 'failed' : 'paused';
  }
  return 'done';
}

async function runWave({ spec, store, access, clock }: Rollout, wave: readonly string[]): Promise<void> {
  const nodes = new Map(spec.nodes.map((node) => [node.name, node]));
  const recordOf = (name: string) => {
    const record = store.state().nodes[name];
    if (record === undefined) throw new RangeError(`the state has no node ${name}`);
    return record;
  };
  const isInWork = (name: string) => IN_WORK.includes(recordOf(name).phase);
  const hasFailed = () => wave.some((name) => recordOf(name).phase === 'failed');
  // Those that an earlier process has begun come first: they may be unavailable already.
  const queue = [...wave.filter(isInWork), ...wave.filter((name) => recordOf(name).phase === 'waiting')];
  const drive = (node: RolloutNode) =>
    driveNode({
      ...{ node, access, clock, limits: spec.limits, digests: store.state().plan.digests },
      record: () => recordOf(node.name),
      save: (change) => store.update(node.name, change),
    });
  const work = async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const node = nodes.get(name);
      if (node === undefined) throw new RangeError(`the file has no node ${name}`);
      if (!isInWork(name) && (hasFailed() || (await store.isPaused()))) continue;
      await drive(node);
    }
  };
  const workers = Array.from({ length: Math.min(spec['max-unavailable'], queue.length) }, work);
  const results = await Promise.allSettled(workers);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
