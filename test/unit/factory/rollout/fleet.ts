import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import type { Clock, NodeAccess } from '../../../../src/factory/rollout/node-access.ts';
import type { Observation } from '../../../../src/factory/rollout/observation.ts';
import type { StateStore } from '../../../../src/factory/rollout/run-rollout.ts';
import type { RolloutNode } from '../../../../src/factory/rollout/schema.ts';
import { type RolloutState, withNode } from '../../../../src/factory/rollout/state.ts';

export const NEW = `sha256:${'b'.repeat(64)}`;
export const OLD = `sha256:${'a'.repeat(64)}`;

/** What a simulated node does with the image. */
export type Habit =
  | 'good'
  | 'panics later'
  | 'falls back'
  | 'refuses'
  | 'unhealthy'
  | 'never returns'
  | 'loses the connection';

/** A node that exists only in memory: no real node can be made to fail at each moment. */
export interface SimulatedNode {
  readonly habit: Habit;
  bootId: number;
  slot: 'active' | 'passive';
  running: string;
  active: string;
  /** Fell back in this boot. */
  fellBack: boolean;
  /** Unreachable until then, in milliseconds. */
  downUntil: number;
  /** How often the agent has begun to write, and has activated, a system. */
  begun: number;
  activated: number;
  /** Upgraded, and not proven since. */
  disturbed: boolean;
}

export function simulatedNode(habit: Habit): SimulatedNode {
  return {
    ...{ habit, bootId: 1, slot: 'active', running: OLD, active: OLD, fellBack: false },
    ...{ downUntil: 0, begun: 0, activated: 0, disturbed: false },
  };
}

/** The death of the process that runs the rollout. */
export class Killed extends Error {}

/** A fleet of simulated nodes, and the process that works on them. */
export interface Fleet {
  readonly nodes: ReadonlyMap<string, SimulatedNode>;
  readonly access: NodeAccess;
  readonly clock: Clock;
  readonly store: StateStore;
  /** The most nodes that were disturbed at the same time. */
  readonly peak: () => number;
  /** Names in the order in which they were first upgraded, with the nodes proven by then. */
  readonly begins: readonly { readonly name: string; readonly proven: readonly string[] }[];
  /** Starts a process that dies at the n-th thing it does. */
  readonly start: (dieAt: number) => void;
  pause: boolean;
}

export function fleetOf(habits: Readonly<Record<string, Habit>>, initial: RolloutState): Fleet {
  const nodes = new Map(Object.entries(habits).map(([name, habit]) => [name, simulatedNode(habit)]));
  const begins: { name: string; proven: string[] }[] = [];
  let state = initial;
  let time = 0;
  let peak = 0;
  let left = Number.POSITIVE_INFINITY;
  /** A dead process does nothing more, whichever of its promises is next. */
  const live = () => {
    left -= 1;
    if (left <= 0) throw new Killed();
  };
  const reach = ({ name }: RolloutNode) => {
    live();
    const node = nodes.get(name);
    if (node === undefined) throw new RangeError(name);
    if (time < node.downUntil) throw new FactoryError('NODE_UNREACHABLE', `${name} cannot be reached`);
    return node;
  };
  const fleet: Fleet = {
    ...{ nodes, begins, pause: false },
    peak: () => peak,
    start: (dieAt) => {
      left = dieAt;
    },
    clock: {
      now: () => time,
      sleep: async (seconds) => {
        await Promise.resolve();
        live();
        time += seconds * 1000;
      },
    },
    access: {
      observe: async (which) => observationOf(reach(which)),
      upgrade: async (which) => {
        const node = reach(which);
        node.begun += 1;
        node.disturbed = true;
        peak = Math.max(peak, [...nodes.values()].filter(({ disturbed }) => disturbed).length);
        const proven = Object.entries(state.nodes).flatMap(([name, { phase }]) =>
          phase === 'done' ? name : [],
        );
        begins.push({ name: which.name, proven });
        await Promise.resolve();
        if (node.habit === 'refuses')
          throw new FactoryError('TOOL_FAILED', 'the upgrade failed with status 5');
        if (node.habit === 'loses the connection' && node.begun === 1)
          throw new FactoryError('NODE_UNREACHABLE', 'the connection broke off');
        // The agent goes on when the process at the other end dies here.
        node.active = NEW;
        node.activated += 1;
        live();
      },
      reboot: async (which) => {
        const node = reach(which);
        node.bootId += 1;
        node.downUntil = node.habit === 'never returns' ? Number.POSITIVE_INFINITY : time + 30_000;
        node.fellBack = node.habit === 'falls back' && node.active === NEW;
        node.slot = node.fellBack ? 'passive' : 'active';
        if (!node.fellBack) node.running = node.active;
        live();
      },
      health: async (which) => {
        const node = reach(which);
        if (node.habit === 'unhealthy') return ['a unit has failed'];
        // The last check succeeds on the system that the node went back to.
        if (node.habit === 'panics later') {
          node.bootId += 1;
          node.fellBack = true;
          node.slot = 'passive';
          node.running = OLD;
        }
        node.disturbed = false;
        return [];
      },
    },
    store: {
      state: () => state,
      isPaused: async () => fleet.pause,
      update: async (name, change) => {
        live();
        await Promise.resolve();
        state = withNode(state, { name, change, now: new Date(time).toISOString() });
        live();
      },
    },
  };
  return fleet;
}

function observationOf(node: SimulatedNode): Observation {
  const isPending = node.active !== node.running && !node.fellBack;
  return {
    bootId: String(node.bootId),
    isStarting: false,
    running: { slot: node.slot, digest: node.running, version: node.running === NEW ? 'v2' : 'v1' },
    active: { digest: node.active },
    upgrade:
      node.activated === 0
        ? undefined
        : {
            outcome: node.fellBack ? 'fell back' : isPending ? 'pending reboot' : 'booted',
            from: 'v1',
            to: 'v2',
          },
  };
}
