import type { Pod } from '../kubernetes/objects.ts';
import { nodeObjectNames } from './names.ts';
import { imageOf, type PodTask, podFor } from './pod-parts.ts';
import { REBOOT_SCRIPT } from './reboot-script.ts';

/** The pod that reboots a node, and reports what it runs when it is back. */
export function rebootPod(task: PodTask): Pod {
  const { op, spec, node, images } = task;
  const { job, reboot } = nodeObjectNames(op.metadata, node);
  const { rebootResources: resources } = spec;
  return podFor(task, {
    ...{ role: 'reboot', name: reboot, readOnly: false },
    spec: {
      restartPolicy: 'OnFailure',
      // To enter the namespaces of the node's first process.
      hostPID: true,
      // The shell does not end by itself when the node goes down.
      terminationGracePeriodSeconds: 2,
    },
    container: {
      name: 'reboot',
      // An OS image has all that the script needs, and the node has it already.
      image: spec.expect === undefined ? images.helper : imageOf(task),
      command: ['/bin/sh', '-c', REBOOT_SCRIPT],
      env: [{ name: 'NODEOP_NOTE', value: job }],
      securityContext: { privileged: true },
      ...(resources && { resources }),
    },
  });
}
