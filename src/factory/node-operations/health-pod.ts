import type { Pod } from '../kubernetes/objects.ts';
import { nodeObjectNames } from './names.ts';
import { imageOf, LOOKS_ONLY, type PodTask, podFor } from './pod-parts.ts';

/** Seconds for one attempt of the command. */
const ATTEMPT = 120;

/**
 * The pod that runs the command of `health` on a node. It sees the node's filesystem, and cannot change it.
 * @returns `undefined` when the NodeOp asks for none
 */
export function healthPod(task: PodTask): Pod | undefined {
  const { op, node } = task;
  const { command, image = imageOf(task) } = task.spec.health;
  if (command === undefined) return undefined;
  return podFor(task, {
    ...{ role: 'health', name: nodeObjectNames(op.metadata, node).health, readOnly: true },
    spec: { restartPolicy: 'Never', activeDeadlineSeconds: ATTEMPT },
    container: {
      ...{ name: 'health', image, command, securityContext: LOOKS_ONLY },
      terminationMessagePolicy: 'FallbackToLogsOnError',
    },
  });
}
