import type { Job } from '../kubernetes/objects.ts';
import { nodeObjectNames } from './names.ts';
import { hostFilesystem, imageOf, labelsFor, metadataFor, type PodTask, podSpecFor } from './pod-parts.ts';

/** Where the operation's container finds the evidence of its image. */
export const EVIDENCE_MOUNT = '/run/kairos-evidence';

/** The Job that runs the command of a NodeOp on one node: as root of the node, with its filesystem at `HOST_DIR`. */
export function operationJob(task: PodTask): Job {
  const { op, spec, node } = task;
  const { job } = nodeObjectNames(op.metadata, node);
  const host = hostFilesystem(task, { readOnly: false });
  const evidence = spec.expect?.evidence;
  const { backoffLimit, activeDeadlineSeconds, resources } = spec;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: metadataFor(task, job),
    spec: {
      ...(backoffLimit !== undefined && { backoffLimit }),
      ...(activeDeadlineSeconds !== undefined && { activeDeadlineSeconds }),
      template: {
        metadata: { labels: labelsFor({ op, node }) },
        spec: {
          ...podSpecFor(task),
          restartPolicy: 'Never',
          containers: [
            {
              name: 'nodeop',
              image: imageOf(task),
              command: spec.command,
              env: [host.env, { name: 'NODEOP_NOTE', value: job }],
              volumeMounts: [
                host.mount,
                ...(evidence ? [{ name: 'evidence', mountPath: EVIDENCE_MOUNT, readOnly: true }] : []),
              ],
              // Mounts, block devices and the boot loader of the node are what such commands work on.
              securityContext: { privileged: true },
              ...(resources && { resources }),
            },
          ],
          volumes: [host.volume, ...(evidence ? [{ name: 'evidence', configMap: { name: evidence } }] : [])],
        },
      },
    },
  };
}
