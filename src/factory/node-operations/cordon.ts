import { KIND } from '../kubernetes/kinds.ts';
import type { KubeApi } from '../kubernetes/kube-api.ts';
import type { Node, ObjectMeta } from '../kubernetes/objects.ts';
import { ANNOTATION } from './labels.ts';

/** What the annotation of a node has that a NodeOp has cordoned: no other object will ever have the same. */
export function cordonerOf({ namespace = 'default', name, uid = '' }: ObjectMeta): string {
  return `${namespace}/${name}@${uid}`;
}

/**
 * Cordons a node, unless somebody has: then it stays theirs.
 * @throws KubeError with status 409 when the node changed at the same time
 */
export async function cordon(api: KubeApi, name: string, cordoner: string): Promise<void> {
  const node = await api.read<Node>({ kind: KIND.node, name });
  if (node === undefined || node.spec?.unschedulable === true) return;
  await api.patch(
    { kind: KIND.node, name },
    {
      metadata: {
        resourceVersion: node.metadata.resourceVersion,
        annotations: { [ANNOTATION.cordonedBy]: cordoner },
      },
      spec: { unschedulable: true },
    },
  );
}

/**
 * Ends the cordon of a node if it is this cordoner's.
 * @throws KubeError with status 409 when the node changed at the same time
 */
export async function uncordon(api: KubeApi, name: string, cordoner: string): Promise<void> {
  const node = await api.read<Node>({ kind: KIND.node, name });
  if (node?.metadata.annotations?.[ANNOTATION.cordonedBy] !== cordoner) return;
  await api.patch(
    { kind: KIND.node, name },
    {
      metadata: {
        resourceVersion: node.metadata.resourceVersion,
        annotations: { [ANNOTATION.cordonedBy]: null },
      },
      spec: { unschedulable: null },
    },
  );
}
