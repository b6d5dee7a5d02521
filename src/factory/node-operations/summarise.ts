import { conditionNow } from '../kubernetes/condition.ts';
import type { Starts } from './plan-starts.ts';
import { isInWork, type NodeOpStatus, type NodeStatus, type OperationPhase } from './status.ts';

/** How an operation as a whole is. */
export interface OperationSummary {
  readonly phase: OperationPhase;
  /** One word for the condition. */
  readonly reason: 'NoNodes' | 'Running' | 'Paused' | 'Waiting' | 'Stopped' | 'Failed' | 'Completed';
  readonly message: string;
}

/** Sums up what has become of the nodes. */
export function summarise(
  statuses: Readonly<Record<string, NodeStatus>>,
  { rest, why }: Omit<Starts, 'begin'>,
): OperationSummary {
  const entries = Object.entries(statuses);
  if (entries.length === 0)
    return { phase: 'Pending', reason: 'NoNodes', message: 'no node has the labels of the selector' };
  const count = (phase: NodeStatus['phase']) => entries.filter(([, status]) => status.phase === phase).length;
  const failed = entries.filter(([, { phase }]) => phase === 'Failed');
  const [name, { message: reason = '' } = {}] = failed[0] ?? [];
  const failure = name === undefined ? '' : `; ${failed.length} failed: ${name}: ${reason}`;
  const stopped = rest === 'stopped' ? `; stopped, because ${why ?? 'a node failed'}` : '';
  const message = `${count('Completed')} of ${entries.length} nodes completed${failure}${stopped}`;
  if (entries.some(([, status]) => isInWork(status))) return { phase: 'Running', reason: 'Running', message };
  if (rest === 'none') {
    const phase = failed.length > 0 ? 'Failed' : 'Completed';
    return { phase, reason: phase, message };
  }
  if (rest === 'stopped') return { phase: 'Failed', reason: 'Stopped', message };
  const phase = count('Pending') === entries.length ? 'Pending' : 'Running';
  return rest === 'paused'
    ? { phase, reason: 'Paused', message: `${message}; paused` }
    : { phase, reason: 'Waiting', message: `${message}; the others wait for nodes to be ready` };
}

/** The condition `Complete`, for `kubectl wait`. */
export function completeCondition(
  { phase, reason, message }: OperationSummary,
  before: NodeOpStatus['conditions'],
  now: number,
): NonNullable<NodeOpStatus['conditions']> {
  const status = phase === 'Completed' ? 'True' : 'False';
  return [conditionNow({ type: 'Complete', status, reason, message }, { before, now })];
}
