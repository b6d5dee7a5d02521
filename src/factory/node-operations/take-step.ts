import { KIND } from '../kubernetes/kinds.ts';
import type { Node, Pod } from '../kubernetes/objects.ts';
import { timestamp } from '../kubernetes/timestamp.ts';
import { cordon, cordonerOf, uncordon } from './cordon.ts';
import { decideStep, type NextStep, PAUSE } from './decide-step.ts';
import { drainNode } from './drain-node.ts';
import { healthPod } from './health-pod.ts';
import { NODE_OP } from './kinds.ts';
import { ANNOTATION } from './labels.ts';
import { nodeObjectNames } from './names.ts';
import { keyOf, type NodeOperationContext, type NodeTask, removePod } from './node-task.ts';
import { operationJob } from './operation-job.ts';
import type { NodeOp } from './pod-parts.ts';
import { preflightPod } from './preflight-pod.ts';
import { proveNode } from './prove-node.ts';
import { rebootPod } from './reboot-pod.ts';
import { isInWork, type NodeStatus, type Step } from './status.ts';

/** What a step has led to. */
export interface StepResult {
  readonly status: NodeStatus;
  /** Seconds after which to look again, even if nothing changes. */
  readonly again?: number | undefined;
}

/**
 * Takes the next step of one node. Each step is one change, and a step that was taken already is found to be so.
 * @throws KubeError when the API server refuses; the step is then taken again
 */
export async function takeStep(context: NodeOperationContext, task: NodeTask): Promise<StepResult> {
  const { api, cache, images, now } = context;
  const { op, spec, node: name } = task;
  const { namespace = 'default' } = op.metadata;
  const names = nodeObjectNames(op.metadata, name);
  const cordoner = cordonerOf(op.metadata);
  const node = cache.get<Node>(KIND.node, name);
  const reboot = cache.get<Pod>(KIND.pod, names.reboot, namespace);
  const next: NextStep = decideStep({
    ...{ spec, cordoner, node, reboot, now: now() },
    preflight: cache.get(KIND.pod, names.preflight, namespace),
    job: cache.get(KIND.job, names.job, namespace),
    other: otherAtWork(context, task),
  });
  const pod = { op, spec, node: name, images };
  const at = (step: Step, message: string, again?: number) => inStep(context, task, { step, message, again });
  switch (next.act) {
    case 'wait':
      return at(next.step, next.why, next.again);
    case 'create preflight': {
      const preflight = preflightPod(pod);
      if (preflight !== undefined) await api.create(preflight);
      return at('Preflight', 'the preflight begins');
    }
    case 'cordon':
      await cordon(api, name, cordoner);
      return at('Cordon', 'cordoned', 1);
    case 'drain': {
      const left = await drainNode(context, task);
      if ('refused' in left) return fail(context, task, left.refused);
      if (left.pods.length > 0) return at('Drain', `waits for ${left.pods}`, PAUSE);
      await api.create(operationJob(pod));
      return at('Job', 'the command begins');
    }
    case 'create job':
      await api.create(operationJob(pod));
      return at('Job', 'the command begins');
    case 'create reboot':
      await api.create(rebootPod(pod));
      return at('Reboot', 'it reboots');
    case 'note reboot':
      await api.patch(
        { kind: KIND.pod, name: names.reboot, namespace },
        { metadata: { annotations: { [ANNOTATION.rebootState]: 'completed' } } },
      );
      return withReboot(at('Prove', 'it is back'));
    case 'look again':
      await removePod(context, reboot);
      return at('Prove', next.why, 1);
    case 'prove': {
      const problems = await proveNode(context, task, { ...next, pod: healthPod(pod) });
      if (problems.length > 0 && now() < next.deadline) return at('Prove', problems.join('; '), PAUSE);
      if (problems.length > 0)
        return fail(
          context,
          task,
          `not healthy within ${spec.health.timeoutSeconds} s: ${problems.join('; ')}`,
        );
      await uncordon(api, name, cordoner);
      return over(context, task, { phase: 'Completed', message: next.report ? 'proven' : 'done' });
    }
    case 'skip':
      await uncordon(api, name, cordoner);
      return over(context, task, { phase: 'Completed', message: `skipped: ${next.reason}` });
    case 'fail':
      return fail(context, task, next.reason);
  }
}

/** Another NodeOp that works on the same node. */
export function otherAtWork(
  { cache }: Pick<NodeOperationContext, 'cache'>,
  { op, node }: Pick<NodeTask, 'op' | 'node'>,
): string | undefined {
  const other = cache
    .list<NodeOp>(NODE_OP)
    .find(
      ({ metadata, status }) => metadata.uid !== op.metadata.uid && isInWork(status?.nodeStatuses?.[node]),
    );
  return other && keyOf(other);
}

function inStep(
  { now }: NodeOperationContext,
  { status }: NodeTask,
  {
    step,
    message,
    again,
  }: { readonly step: Step; readonly message: string; readonly again?: number | undefined },
): StepResult {
  const phase = step === 'Preflight' ? 'Preflight' : 'Running';
  const since = status.step === step && status.since !== undefined ? status.since : timestamp(now());
  return { status: { ...status, phase, step, since, message }, again };
}

function withReboot(result: StepResult): StepResult {
  return { ...result, status: { ...result.status, rebootStatus: 'completed' } };
}

async function fail(context: NodeOperationContext, task: NodeTask, message: string): Promise<StepResult> {
  const { op, spec, node } = task;
  if (spec.uncordonOnFailure) await uncordon(context.api, node, cordonerOf(op.metadata));
  return over(context, task, { phase: 'Failed', message });
}

/** The end of a node. A reboot that was not begun will not be. */
function over(
  { now, cache }: NodeOperationContext,
  { op, status, node }: NodeTask,
  end: Pick<NodeStatus, 'phase' | 'message'>,
): StepResult {
  const { namespace = 'default' } = op.metadata;
  const hasBegun =
    status.step === 'Reboot' ||
    status.step === 'Prove' ||
    cache.get(KIND.pod, nodeObjectNames(op.metadata, node).reboot, namespace) !== undefined;
  const isCancelled = status.rebootStatus === 'pending' && !hasBegun;
  return {
    status: {
      ...{ ...status, ...end, since: timestamp(now()) },
      ...(isCancelled && { rebootStatus: 'cancelled' as const }),
    },
  };
}
