import { labelValue } from '../kubernetes/object-names.ts';
import type { KubeObject, ObjectMeta, OwnerReference, Pod } from '../kubernetes/objects.ts';
import { NODE_OP } from './kinds.ts';
import { LABEL } from './labels.ts';
import type { NodeOpSpec } from './schema.ts';
import type { NodeOpStatus } from './status.ts';

/** A NodeOp as the API server has it. */
export interface NodeOp extends KubeObject {
  readonly spec: unknown;
  readonly status?: NodeOpStatus;
}

/** Images of pods that have none of their own. */
export interface DefaultImages {
  /** Of a NodeOp without an image. */
  readonly command: string;
  /** Of the pod that reboots: it needs a shell and nsenter. */
  readonly helper: string;
}

/** What a manifest is made for. */
export interface PodTask {
  readonly op: NodeOp;
  readonly spec: NodeOpSpec;
  readonly node: string;
  readonly images: DefaultImages;
}

/** Writes on the node below this directory of the persistent partition. */
export const NOTES = 'usr/local/.kairos';

/** Labels and owner of an object for one node: it goes when its NodeOp does. */
export function metadataFor(
  { op, node }: Pick<PodTask, 'op' | 'node'>,
  name: string,
  role?: keyof typeof LABEL,
): ObjectMeta {
  const { namespace = 'default' } = op.metadata;
  return { name, namespace, labels: labelsFor({ op, node }, role), ownerReferences: [ownerOf(op)] };
}

/** The labels of what belongs to a node and a NodeOp. */
export function labelsFor({ op, node }: Pick<PodTask, 'op' | 'node'>, role?: keyof typeof LABEL) {
  return {
    [LABEL.nodeOp]: labelValue(op.metadata.name),
    [LABEL.node]: labelValue(node),
    ...(role && { [LABEL[role]]: 'true' }),
  };
}

function ownerOf({ metadata: { name, uid = '' } }: NodeOp): OwnerReference {
  const { apiVersion, kind } = NODE_OP;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** The image of the command. */
export function imageOf({ spec, images }: Pick<PodTask, 'spec' | 'images'>): string {
  return spec.image ?? images.command;
}

/**
 * What all pods have in common: they run on their node whatever its taints are, also while it is cordoned, and have no access to the
 * API server.
 */
export function podSpecFor({ spec, node }: Pick<PodTask, 'spec' | 'node'>) {
  return {
    nodeName: node,
    tolerations: [{ operator: 'Exists' }],
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...(spec.imagePullSecrets && { imagePullSecrets: spec.imagePullSecrets }),
  };
}

/** The node's filesystem as a volume, and where a container sees it. */
export function hostFilesystem(
  { spec }: { readonly spec: Pick<NodeOpSpec, 'hostMountPath'> },
  { readOnly }: { readonly readOnly: boolean },
) {
  return {
    volume: { name: 'host', hostPath: { path: '/', type: 'Directory' } },
    // What is mounted below the root would stay writable otherwise.
    mount: {
      ...{ name: 'host', mountPath: spec.hostMountPath },
      ...(readOnly && { readOnly: true, recursiveReadOnly: 'IfPossible' }),
    },
    env: { name: 'HOST_DIR', value: spec.hostMountPath },
  };
}

/** The manifest of a pod with one container, which sees the node's filesystem. */
export function podFor(
  task: PodTask,
  {
    role,
    name,
    spec,
    container,
    readOnly,
  }: {
    readonly role: keyof typeof LABEL;
    readonly name: string;
    readonly spec: Readonly<Record<string, unknown>>;
    readonly container: { readonly env?: readonly unknown[] } & Readonly<Record<string, unknown>>;
    readonly readOnly: boolean;
  },
): Pod {
  const host = hostFilesystem(task, { readOnly });
  const env = [host.env, ...(container.env ?? [])];
  return {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: metadataFor(task, name, role) },
    spec: {
      ...{ ...podSpecFor(task), ...spec },
      containers: [{ ...container, env, volumeMounts: [host.mount] }],
      volumes: [host.volume],
    },
  };
}

/** For containers that only look: of root's rights, only those to read every file, and to run programs of the node in its tree. */
export const LOOKS_ONLY = {
  privileged: false,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'], add: ['DAC_READ_SEARCH', 'SYS_CHROOT'] },
} as const;
