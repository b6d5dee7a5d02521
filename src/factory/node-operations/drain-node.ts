import { KIND } from '../kubernetes/kinds.ts';
import type { Pod } from '../kubernetes/objects.ts';
import { planDrain, podName } from './drain.ts';
import type { NodeOperationContext, NodeTask } from './node-task.ts';

/** Pods that a message names. */
const NAMED = 5;

/**
 * Asks the pods of a node to leave that have not been asked.
 * @returns the pods that are left, as text, empty when none is; or why the drain cannot go on
 */
export async function drainNode(
  context: NodeOperationContext,
  { spec, node, status }: NodeTask,
): Promise<{ readonly pods: string } | { readonly refused: string }> {
  const { api, now } = context;
  const options = spec.drainOptions;
  const { leaving, refused } = planDrain(await podsOn(context, node), node, options);
  if (refused.length > 0) return { refused: `cannot be drained: ${list(refused)}` };
  const { timeoutSeconds = 0, gracePeriodSeconds } = options;
  const names = list(leaving.map(podName));
  const began = status.step === 'Drain' ? Date.parse(status.since ?? '') : now();
  if (leaving.length > 0 && timeoutSeconds > 0 && now() - began >= timeoutSeconds * 1000)
    return { refused: `not drained within ${timeoutSeconds} s, because of ${names}` };
  for (const pod of leaving) if (pod.metadata.deletionTimestamp === undefined) await evict(pod);
  return { pods: names };

  async function evict({ metadata: { name, namespace, uid } }: Pod): Promise<void> {
    // A pod of a StatefulSet that was evicted has the same name on its next node.
    const found = await api.read<Pod>({ kind: KIND.pod, name, namespace });
    if (found?.metadata.uid === uid) await api.evict({ name, namespace }, { gracePeriodSeconds });
  }
}

/** The pods on a node. */
export async function podsOn(
  { api }: Pick<NodeOperationContext, 'api'>,
  node: string,
): Promise<readonly Pod[]> {
  const pods = await api.list<Pod>(KIND.pod, { fields: `spec.nodeName=${node}` });
  return pods.filter(({ spec }) => spec?.nodeName === node);
}

function list(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${names.slice(0, NAMED).join(', ')}${more}`;
}
