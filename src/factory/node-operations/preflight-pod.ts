import type { Pod } from '../kubernetes/objects.ts';
import { nodeObjectNames } from './names.ts';
import { imageOf, LOOKS_ONLY, type PodTask, podFor } from './pod-parts.ts';

/**
 * The pod that looks at a node before anything is done: text in its termination log skips the node, with that reason.
 * @returns `undefined` when the NodeOp asks for none
 */
export function preflightPod(task: PodTask): Pod | undefined {
  const { op, node } = task;
  const { preflight, preflightResources: resources } = task.spec;
  if (preflight === undefined) return undefined;
  const { command, image = imageOf(task), activeDeadlineSeconds } = preflight;
  return podFor(task, {
    ...{ role: 'preflight', name: nodeObjectNames(op.metadata, node).preflight, readOnly: true },
    spec: { restartPolicy: 'Never', activeDeadlineSeconds },
    container: {
      ...{ name: 'preflight', image, command, securityContext: LOOKS_ONLY },
      ...(resources && { resources }),
    },
  });
}
