import { timestamp } from '../kubernetes/timestamp.ts';
import { NODE_OP } from './kinds.ts';
import type { NodeOperationContext } from './node-task.ts';
import type { Starts } from './plan-starts.ts';
import type { NodeOp } from './pod-parts.ts';
import type { NodeOpStatus, NodeStatus } from './status.ts';
import { completeCondition, type OperationSummary, summarise } from './summarise.ts';

/**
 * Stores what has become of the nodes, if that is news, and records events.
 * @throws KubeError with status 409 when the object changed at the same time
 */
export async function writeStatus(
  context: NodeOperationContext,
  {
    op,
    statuses,
    starts,
  }: {
    readonly op: NodeOp;
    readonly statuses: Readonly<Record<string, NodeStatus>>;
    readonly starts: Starts;
  },
): Promise<void> {
  const now = timestamp(context.now());
  const old = op.status?.nodeStatuses ?? {};
  const names = new Set([...Object.keys(old), ...Object.keys(statuses)]);
  const nodeStatuses: Record<string, NodeStatus | null> = {};
  for (const name of names) {
    const [was, is] = [old[name], statuses[name]];
    if (is === undefined) nodeStatuses[name] = null;
    else if (!isSame(was, is)) nodeStatuses[name] = { ...is, lastUpdated: now };
  }
  const summary = summarise(statuses, starts);
  await patchStatus(context, op, { summary, nodeStatuses });
  for (const [name, status] of Object.entries(nodeStatuses))
    if (status !== null && status.phase !== old[name]?.phase)
      await recordEnd(context, op, { name, ...status });
}

/** Ends a NodeOp that cannot be worked on. */
export async function failNodeOp(context: NodeOperationContext, op: NodeOp, message: string): Promise<void> {
  await patchStatus(context, op, {
    summary: { phase: 'Failed', reason: 'Failed', message },
    nodeStatuses: {},
  });
}

async function patchStatus(
  { api, now, recordEvent }: NodeOperationContext,
  op: NodeOp,
  {
    summary,
    nodeStatuses,
  }: {
    readonly summary: OperationSummary;
    readonly nodeStatuses: Readonly<Record<string, NodeStatus | null>>;
  },
): Promise<void> {
  const { name, namespace, resourceVersion } = op.metadata;
  const { phase, message, reason } = summary;
  const before: NodeOpStatus = op.status ?? {};
  const conditions = completeCondition(summary, before.conditions, now());
  const isNews =
    Object.keys(nodeStatuses).length > 0 ||
    before.phase !== phase ||
    before.message !== message ||
    JSON.stringify(before.conditions) !== JSON.stringify(conditions);
  if (!isNews) return;
  const status = { phase, message, conditions, nodeStatuses, lastUpdated: timestamp(now()) };
  await api.patch(
    { kind: NODE_OP, name, namespace },
    { metadata: { resourceVersion }, status },
    { subresource: 'status' },
  );
  if (before.phase !== phase)
    await recordEvent({ object: op, type: phase === 'Failed' ? 'Warning' : 'Normal', reason, message });
}

/** Records how a node has ended. */
async function recordEnd(
  { recordEvent }: NodeOperationContext,
  object: NodeOp,
  { name, phase, message = '' }: NodeStatus & { readonly name: string },
): Promise<void> {
  if (phase === 'Completed')
    await recordEvent({ object, type: 'Normal', reason: 'NodeCompleted', message: `${name}: ${message}` });
  if (phase === 'Failed')
    await recordEvent({ object, type: 'Warning', reason: 'NodeFailed', message: `${name}: ${message}` });
}

function isSame(one: NodeStatus | undefined, other: NodeStatus): boolean {
  if (one === undefined) return false;
  const { lastUpdated: _, ...was } = one;
  const { lastUpdated: __, ...is } = other;
  const keys = new Set([...Object.keys(was), ...Object.keys(is)]);
  return [...keys].every((key) => was[key as keyof typeof was] === is[key as keyof typeof is]);
}
