import { z } from 'zod';
import { Condition } from '../kubernetes/condition.ts';

const Phase = z.enum(['Pending', 'Running', 'Completed', 'Failed']);
const NodePhase = z.enum(['Pending', 'Preflight', 'Running', 'Completed', 'Failed']);

/** What is done for a node now; `Prove` lasts until system and health are right. */
const Step = z.enum(['Preflight', 'Cordon', 'Drain', 'Job', 'Reboot', 'Prove']);
export type Step = z.output<typeof Step>;

/** Where a node is. `step` and `since` are additions to upstream's fields. */
export const NodeStatus = z.object({
  phase: NodePhase,
  jobName: z.string().optional(),
  message: z.string().optional(),
  rebootStatus: z.enum(['not-requested', 'cancelled', 'pending', 'completed']).optional(),
  lastUpdated: z.string().optional(),
  step: Step.optional(),
  /** When the step began (RFC 3339). */
  since: z.string().optional(),
});
export type NodeStatus = z.output<typeof NodeStatus>;

const shared = {
  phase: z.string().optional(),
  message: z.string().optional(),
  lastUpdated: z.string().optional(),
  nodeStatuses: z.record(z.string(), NodeStatus).optional(),
  conditions: z.array(Condition).optional(),
};

/** The status of a NodeOp. */
export const NodeOpStatus = z.object(shared);
export type NodeOpStatus = z.output<typeof NodeOpStatus>;

/** The status of a NodeOpUpgrade: that of its NodeOp. */
export const NodeOpUpgradeStatus = z.object({ ...shared, nodeOpName: z.string().optional() });
export type NodeOpUpgradeStatus = z.output<typeof NodeOpUpgradeStatus>;

export type OperationPhase = z.output<typeof Phase>;

/** Whether a node is in work. */
export function isInWork(status: Pick<NodeStatus, 'phase'> | undefined): boolean {
  return status?.phase === 'Preflight' || status?.phase === 'Running';
}

/** Whether nothing will be done any more. */
export function isOver({ phase }: { readonly phase?: string | undefined } = {}): boolean {
  return phase === 'Completed' || phase === 'Failed';
}

/** Whether a node failed in or after its reboot: then what it was given may be at fault, and no other node gets it. */
export function failedAfterReboot({ phase, rebootStatus }: NodeStatus): boolean {
  return phase === 'Failed' && (rebootStatus === 'pending' || rebootStatus === 'completed');
}
