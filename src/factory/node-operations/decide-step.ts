import type { Job, Node, Pod } from '../kubernetes/objects.ts';
import { nodeText } from '../rollout/observation.ts';
import { ANNOTATION } from './labels.ts';
import { judgeReport, parseReport, type Report } from './report.ts';
import type { NodeOpSpec } from './schema.ts';
import type { Step } from './status.ts';

/** Everything that is known about a node and its part of a NodeOp. */
export interface NodeView {
  readonly spec: NodeOpSpec;
  /** What `operator.kairos.io/cordoned-by` has when this NodeOp has cordoned the node. */
  readonly cordoner: string;
  readonly node: Node | undefined;
  readonly preflight: Pod | undefined;
  readonly job: Job | undefined;
  readonly reboot: Pod | undefined;
  /** Another NodeOp that works on this node now. */
  readonly other: string | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What comes next for a node. */
export type NextStep =
  | { readonly act: 'wait'; readonly step: Step; readonly why: string; readonly again?: number }
  | { readonly act: 'create preflight' | 'cordon' | 'drain' | 'create job' | 'create reboot' }
  /** The node is back: note that on its pod. */
  | { readonly act: 'note reboot' }
  /** Remove the pod that reported, so that the next one reports anew. */
  | { readonly act: 'look again'; readonly why: string }
  /** System and slot are right; whether the node is healthy is not known. */
  | { readonly act: 'prove'; readonly report: Report | undefined; readonly deadline: number }
  | { readonly act: 'skip'; readonly reason: string }
  | { readonly act: 'fail'; readonly reason: string };

/** Seconds after which a node that is not as it should be is looked at again. */
export const PAUSE = 10;
/** Seconds that the kubelet may need beyond the limit of a preflight before it counts as lost. */
const GRACE = 120;

/**
 * Decides what comes next for a node, only from what the API server knows. So an operator that was killed at any moment continues, and
 * does nothing twice.
 */
export function decideStep(view: NodeView): NextStep {
  if (view.node === undefined) return fail('the node is not in the cluster any more');
  return view.job === undefined ? beforeJob(view, view.node) : afterJob(view, view.node, view.job);
}

function beforeJob(view: NodeView, node: Node): NextStep {
  const { spec, cordoner, other } = view;
  const preflight = spec.preflight === undefined ? undefined : decidePreflight(view);
  if (preflight !== undefined) return preflight;
  if (!spec.cordon && !spec.drainOptions.enabled) return { act: 'create job' };
  const owner = node.metadata.annotations?.[ANNOTATION.cordonedBy];
  if (other !== undefined && owner !== cordoner)
    return { act: 'wait', step: 'Cordon', why: `${other} works on this node`, again: PAUSE };
  if (node.spec?.unschedulable !== true) return { act: 'cordon' };
  return { act: spec.drainOptions.enabled ? 'drain' : 'create job' };
}

function decidePreflight({ spec, preflight: pod, now }: NodeView): NextStep | undefined {
  if (pod === undefined) return { act: 'create preflight' };
  const text = messageOfPod(pod);
  switch (pod.status?.phase) {
    case 'Succeeded':
      return text === '' ? undefined : { act: 'skip', reason: text };
    case 'Failed':
      return fail(`the preflight failed: ${text || (pod.status.reason ?? 'it says nothing')}`);
    default: {
      const limit = (spec.preflight?.activeDeadlineSeconds ?? 0) + GRACE;
      const created = Date.parse(pod.metadata.creationTimestamp ?? '') || now;
      if (now - created > limit * 1000) return fail(`the preflight did not end: ${waitsFor(pod)}`);
      return { act: 'wait', step: 'Preflight', why: waitsFor(pod), again: limit };
    }
  }
}

function afterJob(view: NodeView, node: Node, job: Job): NextStep {
  const has = (type: string) =>
    job.status?.conditions?.find((condition) => condition.type === type && condition.status === 'True');
  const failed = has('Failed');
  if (failed !== undefined) {
    const why = [failed.reason, failed.message].filter(Boolean).join(': ');
    return fail(`the command failed (kubectl logs job/${job.metadata.name}): ${nodeText(why)}`);
  }
  const complete = has('Complete');
  if (complete === undefined) return { act: 'wait', step: 'Job', why: 'the command runs' };
  const { rebootOnSuccess, health } = view.spec;
  const ended = Date.parse(complete.lastTransitionTime ?? '') || view.now;
  const deadline = ended + health.timeoutSeconds * 1000;
  return rebootOnSuccess
    ? decideReboot({ ...view, deadline }, node)
    : { act: 'prove', report: undefined, deadline };
}

type RebootView = NodeView & { readonly deadline: number };

function decideReboot(view: RebootView, node: Node): NextStep {
  const { reboot: pod, now, deadline, spec } = view;
  const phase = pod?.status?.phase;
  if (pod === undefined || phase !== 'Succeeded') {
    if (now >= deadline)
      return fail(`it did not come back from its reboot within ${spec.health.timeoutSeconds} s`);
    if (pod === undefined) return { act: 'create reboot' };
    // A node that goes down ends its pods, and some kubelets do not start them again.
    if (phase === 'Failed') return { act: 'look again', why: 'the pod that reboots has ended' };
    return { act: 'wait', step: 'Reboot', why: 'it reboots', again: untilDeadline(view) };
  }
  if (pod.metadata.annotations?.[ANNOTATION.rebootState] !== 'completed') return { act: 'note reboot' };
  const report = parseReport(rawMessage(pod) ?? '');
  const judgement =
    report === undefined
      ? ({ kind: 'wait', why: 'the pod that reboots reports nothing' } as const)
      : judgeReport(report, spec.expect?.digests);
  if (judgement.kind === 'fail') return fail(judgement.reason);
  if (judgement.kind === 'wait') return lookAgain(view, pod, judgement.why);
  const booted = node.status?.nodeInfo?.bootID || undefined;
  if (booted && booted !== report?.bootId) {
    return booted === report?.before
      ? late(view, 'its kubelet has not reported since the reboot')
      : lookAgain(view, pod, 'it has rebooted once more');
  }
  return { act: 'prove', report, deadline };
}

function lookAgain(view: RebootView, pod: Pod, why: string): NextStep {
  const { now, deadline } = view;
  if (now >= deadline) return fail(`${why}, until the time was over`);
  const ended = Date.parse(lastState(pod)?.finishedAt ?? '') || 0;
  if (now - ended < PAUSE * 1000) return { act: 'wait', step: 'Prove', why, again: PAUSE };
  return { act: 'look again', why };
}

function late({ now, deadline }: RebootView, why: string): NextStep {
  return now >= deadline
    ? fail(`${why}, until the time was over`)
    : { act: 'wait', step: 'Prove', why, again: PAUSE };
}

function untilDeadline({ now, deadline }: RebootView): number {
  return Math.max(1, Math.ceil((deadline - now) / 1000));
}

function fail(reason: string): NextStep {
  return { act: 'fail', reason };
}

function lastState(pod: Pod) {
  return pod.status?.containerStatuses?.[0]?.state?.terminated;
}

function rawMessage(pod: Pod): string | undefined {
  return lastState(pod)?.message;
}

/** What a pod's container wrote to its termination log, as one safe line. */
export function messageOfPod(pod: Pod): string {
  return nodeText(rawMessage(pod) ?? '');
}

function waitsFor(pod: Pod): string {
  const { reason, message } = pod.status?.containerStatuses?.[0]?.state?.waiting ?? {};
  return nodeText([reason, message].filter(Boolean).join(': ')) || 'the pod has not ended';
}
