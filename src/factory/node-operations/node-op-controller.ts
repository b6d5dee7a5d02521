import type { Controller } from '../kubernetes/controller.ts';
import { KIND } from '../kubernetes/kinds.ts';
import type { KubeObject, Node } from '../kubernetes/objects.ts';
import { timestamp } from '../kubernetes/timestamp.ts';
import { cordonerOf, uncordon } from './cordon.ts';
import { describeIssues } from './describe-issues.ts';
import { NODE_OP } from './kinds.ts';
import { ANNOTATION, FINALIZER, LABEL } from './labels.ts';
import { nodeObjectNames } from './names.ts';
import { isNodeReady } from './node-health.ts';
import { keyOf, type NodeOperationContext } from './node-task.ts';
import { planStarts, type Starts } from './plan-starts.ts';
import type { NodeOp } from './pod-parts.ts';
import { NodeOpSpec } from './schema.ts';
import { selectNodes } from './select-nodes.ts';
import { isInWork, isOver, type NodeStatus } from './status.ts';
import { otherAtWork, takeStep } from './take-step.ts';
import { failNodeOp, writeStatus } from './write-status.ts';

/** Seconds after which an operation in work is looked at even if nothing changes. */
const LOOK = 60;

/** The controller that does the work of NodeOps. */
export function nodeOpController(context: NodeOperationContext): Controller {
  const { cache } = context;
  const open = (isConcerned: (op: NodeOp) => boolean) =>
    cache
      .list<NodeOp>(NODE_OP)
      .filter((op) => !isOver(op.status) && isConcerned(op))
      .map(keyOf);
  return {
    name: 'NodeOp',
    watches: [
      {
        kind: NODE_OP,
        // An operation that ends may leave nodes to another one.
        keysOf: (object) => [keyOf(object), ...(isOver((object as NodeOp).status) ? open(() => true) : [])],
      },
      { kind: KIND.node, keysOf: () => open(() => true) },
      { kind: KIND.pod, labels: LABEL.nodeOp, keysOf: ownerKeys },
      { kind: KIND.job, labels: LABEL.nodeOp, keysOf: ownerKeys },
    ],
    reconcile: (key) => reconcile(context, key),
  };
}

function ownerKeys({ metadata: { namespace = 'default', ownerReferences = [] } }: KubeObject): string[] {
  return ownerReferences
    .filter(({ kind }) => kind === NODE_OP.kind)
    .map(({ name }) => `${namespace}/${name}`);
}

async function reconcile(
  context: NodeOperationContext,
  key: string,
): Promise<{ again?: number | undefined }> {
  const { api } = context;
  const [namespace, name = ''] = key.split('/');
  // Not from the cache: which nodes have begun must be known before others do.
  const op = await api.read<NodeOp>({ kind: NODE_OP, name, namespace });
  if (op === undefined) return {};
  if (op.metadata.deletionTimestamp !== undefined) {
    await release(context, op);
    return {};
  }
  if (isOver(op.status)) return {};
  const parsed = NodeOpSpec.safeParse(op.spec);
  if (!parsed.success) {
    await failNodeOp(context, op, `the spec is invalid: ${describeIssues(parsed.error)}`);
    return {};
  }
  return work(context, await withFinalizer(context, op), parsed.data);
}

async function work(
  context: NodeOperationContext,
  op: NodeOp,
  spec: NodeOpSpec,
): Promise<{ again?: number | undefined }> {
  const before = op.status?.nodeStatuses ?? {};
  const advanced = await advance(context, op, spec);
  const { statuses, starts } = begin(context, { op, spec, statuses: { ...before, ...advanced.statuses } });
  await writeStatus(context, { op, statuses, starts });
  // A node whose request failed is tried again; what the others have done is stored.
  if (advanced.failure !== undefined) throw advanced.failure.error;
  return { again: Math.min(advanced.again, LOOK) };
}

/** Takes the next step of every node in work. */
async function advance(context: NodeOperationContext, op: NodeOp, spec: NodeOpSpec) {
  const nodes = Object.entries(op.status?.nodeStatuses ?? {}).filter(([, status]) => isInWork(status));
  const results = await Promise.allSettled(
    nodes.map(([node, status]) => takeStep(context, { op, spec, node, status })),
  );
  const statuses: Record<string, NodeStatus> = {};
  let again = Number.POSITIVE_INFINITY;
  let failure: { readonly error: unknown } | undefined;
  for (const [index, result] of results.entries()) {
    const name = nodes[index]?.[0] ?? '';
    if (result.status === 'rejected') failure = { error: result.reason };
    else {
      statuses[name] = result.value.status;
      again = Math.min(again, result.value.again ?? Number.POSITIVE_INFINITY);
    }
  }
  return { statuses, again, failure };
}

/** Marks the nodes on which the work begins. The work itself begins when that is stored. */
function begin(
  context: NodeOperationContext,
  { op, spec, statuses }: { op: NodeOp; spec: NodeOpSpec; statuses: Readonly<Record<string, NodeStatus>> },
): { readonly statuses: Readonly<Record<string, NodeStatus>>; readonly starts: Starts } {
  const nodes = selectNodes(context.cache.list<Node>(KIND.node), spec.nodeSelector);
  const targets = nodes.map(({ metadata }) => metadata.name);
  const ready = new Set(nodes.filter(isNodeReady).map(({ metadata }) => metadata.name));
  const known = Object.fromEntries(
    targets.map((name): [string, NodeStatus] => [name, statuses[name] ?? { phase: 'Pending' }]),
  );
  // A node that lost its labels, or is gone, before its turn is not part of it any more.
  const begun = Object.entries(statuses).filter(([, { phase }]) => phase !== 'Pending');
  const all = { ...known, ...Object.fromEntries(begun) };
  const starts = planStarts({ spec, targets, statuses: all, isReady: (name) => ready.has(name) });
  const now = timestamp(context.now());
  const began = starts.begin
    .filter((node) => otherAtWork(context, { op, node }) === undefined)
    .map((node): [string, NodeStatus] => [
      node,
      {
        phase: spec.preflight ? 'Preflight' : 'Running',
        jobName: nodeObjectNames(op.metadata, node).job,
        rebootStatus: spec.rebootOnSuccess ? 'pending' : 'not-requested',
        since: now,
      },
    ]);
  const rest = began.length < starts.begin.length ? 'waiting' : starts.rest;
  return { statuses: { ...all, ...Object.fromEntries(began) }, starts: { ...starts, rest } };
}

async function withFinalizer({ api }: NodeOperationContext, op: NodeOp): Promise<NodeOp> {
  const { name, namespace, resourceVersion, finalizers = [] } = op.metadata;
  if (finalizers.includes(FINALIZER.uncordon)) return op;
  const metadata = { resourceVersion, finalizers: [...finalizers, FINALIZER.uncordon] };
  return (await api.patch({ kind: NODE_OP, name, namespace }, { metadata })) as NodeOp;
}

/** Uncordons what a NodeOp that is being deleted has cordoned, and lets it go. */
async function release({ api }: NodeOperationContext, op: NodeOp): Promise<void> {
  const { name, namespace, resourceVersion, finalizers = [] } = op.metadata;
  const ours: readonly string[] = [FINALIZER.uncordon, FINALIZER.upstream];
  if (!finalizers.some((finalizer) => ours.includes(finalizer))) return;
  const cordoner = cordonerOf(op.metadata);
  for (const node of await api.list<Node>(KIND.node))
    if (node.metadata.annotations?.[ANNOTATION.cordonedBy] === cordoner)
      await uncordon(api, node.metadata.name, cordoner);
  const left = finalizers.filter((finalizer) => !ours.includes(finalizer));
  await api.patch({ kind: NODE_OP, name, namespace }, { metadata: { resourceVersion, finalizers: left } });
}
