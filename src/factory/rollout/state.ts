import { z } from 'zod';

/**
 * Where a node is: `waiting` for its turn; `upgrading` while the agent writes the new system; `rebooting` until the boot id
 * changes; `proving` until slot, digest and health are right; `done`, or `failed` with the reason.
 */
export const PHASES = ['waiting', 'upgrading', 'rebooting', 'proving', 'done', 'failed'] as const;
export type Phase = (typeof PHASES)[number];

/** Phases in which a node may be unavailable. */
export const IN_WORK: readonly Phase[] = ['upgrading', 'rebooting', 'proving'];

const System = z.object({
  /** The slot that runs: `active`, `passive`, `recovery`, or another word of the agent. */
  slot: z.string(),
  version: z.string().optional(),
  digest: z.string().optional(),
});
export type System = z.output<typeof System>;

const NodeRecord = z.object({
  phase: z.enum(PHASES),
  /** When the phase began (RFC 3339). */
  since: z.string(),
  /** The boot that the upgrade was started in; another one shows that the node has rebooted. */
  bootId: z.string().optional(),
  /** The system before the upgrade. */
  before: System.optional(),
  /** The system that was seen last. */
  now: System.optional(),
  /** Why it failed. */
  reason: z.string().optional(),
});
export type NodeRecord = z.output<typeof NodeRecord>;

/** What `plan` has decided, once. */
const Plan = z.object({
  /** As the file names it. */
  image: z.string(),
  /** `REGISTRY/NAME@DIGEST`: what nodes upgrade to. */
  pinned: z.string(),
  /** The digest that the name was resolved to, and those of the platforms of an index: each of them is the image. */
  digests: z.array(z.string()).min(1),
  waves: z.array(z.array(z.string())),
  /** When it was made (RFC 3339). */
  made: z.string(),
});
export type Plan = z.output<typeof Plan>;

/** The state of a rollout, as it is stored. */
export const RolloutState = z.object({
  format: z.literal(1),
  plan: Plan,
  nodes: z.record(z.string(), NodeRecord),
});
export type RolloutState = z.output<typeof RolloutState>;

/** How the rollout as a whole is. */
export type Progress = 'planned' | 'under way' | 'failed' | 'done';

/** Judges a state. */
export function progressOf({ nodes }: RolloutState): Progress {
  const phases = Object.values(nodes).map(({ phase }) => phase);
  if (phases.every((phase) => phase === 'done')) return 'done';
  if (phases.includes('failed')) return 'failed';
  return phases.every((phase) => phase === 'waiting') ? 'planned' : 'under way';
}

/** The state at the beginning. */
export function initialState(plan: Plan): RolloutState {
  const record: NodeRecord = { phase: 'waiting', since: plan.made };
  return { format: 1, plan, nodes: Object.fromEntries(plan.waves.flat().map((name) => [name, record])) };
}

/** The state with one node changed. A change of the phase is noted with its time. */
export function withNode(
  state: RolloutState,
  {
    name,
    change,
    now,
  }: { readonly name: string; readonly change: Partial<NodeRecord>; readonly now: string },
): RolloutState {
  const record = state.nodes[name];
  if (record === undefined) throw new RangeError(`the plan has no node ${name}`);
  const since = change.phase === undefined || change.phase === record.phase ? record.since : now;
  return { ...state, nodes: { ...state.nodes, [name]: { ...record, ...change, since } } };
}

/** The state in which nodes that failed are tried again. */
export function retried(state: RolloutState, now: string): RolloutState {
  const nodes = Object.entries(state.nodes).map(([name, record]): [string, NodeRecord] => {
    if (record.phase !== 'failed') return [name, record];
    const { reason: _, bootId: __, ...kept } = record;
    return [name, { ...kept, phase: 'waiting', since: now }];
  });
  return { ...state, nodes: Object.fromEntries(nodes) };
}
