import type { Node, Pod } from '../kubernetes/objects.ts';
import { inUrl } from '../rollout/ask-status.ts';
import { nodeText } from '../rollout/observation.ts';
import { messageOfPod } from './decide-step.ts';
import type { Health } from './schema-parts.ts';

/** Seconds by which the times of a node may be wrong. */
const INEXACT = 30;

/** Whether a node reports that it is ready. */
export function isNodeReady(node: Node | undefined): boolean {
  return isTrue(node?.status?.conditions, 'Ready');
}

function isTrue(
  conditions: readonly { readonly type: string; readonly status: string }[] = [],
  wanted: string,
): boolean {
  return conditions.some(({ type, status }) => type === wanted && status === 'True');
}

/**
 * What is wrong with the chosen DaemonSets on a node, one sentence each. Until its kubelet has reported again, a node that has rebooted
 * shows the pods of its last boot: these do not count.
 * @param options.pods the pods on the node
 * @param options.bootedAt milliseconds since 1970; 0 when the node has not rebooted
 */
export function daemonSetProblems({
  daemonSets,
  namespace,
  pods,
  bootedAt,
}: Pick<Health, 'daemonSets'> & {
  readonly namespace: string;
  readonly pods: readonly Pod[];
  readonly bootedAt: number;
}): string[] {
  return daemonSets.flatMap((text) => {
    const [name = '', space = namespace] = text.split('/').reverse();
    const found = pods.filter(
      ({ metadata }) =>
        metadata.namespace === space &&
        metadata.deletionTimestamp === undefined &&
        metadata.ownerReferences?.some((owner) => owner.kind === 'DaemonSet' && owner.name === name),
    );
    if (found.some((pod) => isTrue(pod.status?.conditions, 'Ready') && hasStartedSince(pod, bootedAt)))
      return [];
    return [`DaemonSet ${space}/${name} is not ready on it`];
  });
}

function hasStartedSince(pod: Pod, time: number): boolean {
  const starts = pod.status?.containerStatuses?.map(({ state }) =>
    Date.parse(state?.running?.startedAt ?? ''),
  );
  return (starts ?? []).every((start) => start >= time - INEXACT * 1000);
}

/** The address that a probe asks. */
export function probeUrl(url: string, node: Node): string {
  const addresses = node.status?.addresses ?? [];
  const address = addresses.find(({ type }) => type === 'InternalIP') ?? addresses[0];
  return url.replaceAll('{address}', inUrl(address?.address ?? node.metadata.name));
}

/** What a pod that has run the command of `health` says is wrong; `undefined` while it runs. */
export function commandProblems(pod: Pod): string[] | undefined {
  const { phase, reason } = pod.status ?? {};
  if (phase === 'Succeeded') return [];
  if (phase !== 'Failed') return undefined;
  return [nodeText(`the command of health failed: ${messageOfPod(pod) || reason || 'it says nothing'}`)];
}
