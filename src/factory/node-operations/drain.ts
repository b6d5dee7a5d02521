import type { Pod } from '../kubernetes/objects.ts';
import { LABEL } from './labels.ts';
import type { DrainOptions } from './schema-parts.ts';

/** What a drain has left to do. */
export interface DrainPlan {
  /** Pods to ask to leave, and those that are leaving. */
  readonly leaving: readonly Pod[];
  /** Why the drain must not begin: pods that the options protect. */
  readonly refused: readonly string[];
}

interface PodFacts {
  readonly nodeName?: string;
  readonly volumes?: readonly { readonly emptyDir?: unknown }[];
}

/** Plans which pods leave a node, by the rules of `kubectl drain`. Pods that have ended, of the node itself, and ours stay. */
export function planDrain(pods: readonly Pod[], node: string, options: DrainOptions): DrainPlan {
  const leaving: Pod[] = [];
  const refused: string[] = [];
  for (const pod of pods) {
    const { nodeName, volumes = [] } = (pod.spec ?? {}) as PodFacts;
    if (nodeName !== node || stays(pod)) continue;
    const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true);
    const name = podName(pod);
    if (owner?.kind === 'DaemonSet') {
      if (!options.ignoreDaemonSets) refused.push(`${name} belongs to a DaemonSet (ignoreDaemonSets)`);
      continue;
    }
    if (owner === undefined && !options.force) refused.push(`nothing starts ${name} again (force)`);
    else if (volumes.some(({ emptyDir }) => emptyDir !== undefined) && !options.deleteEmptyDirData)
      refused.push(`${name} has data in an emptyDir (deleteEmptyDirData)`);
    else leaving.push(pod);
  }
  return { leaving, refused };
}

function stays({ metadata: { annotations = {}, labels = {} }, status }: Pod): boolean {
  const hasEnded = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  return (
    hasEnded ||
    'kubernetes.io/config.mirror' in annotations ||
    LABEL.nodeOp in labels ||
    LABEL.facts in labels
  );
}

/** `NAMESPACE/NAME`. */
export function podName({ metadata: { namespace = 'default', name } }: Pod): string {
  return `${namespace}/${name}`;
}
