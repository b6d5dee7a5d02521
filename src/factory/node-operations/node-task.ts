import type { KubeCache } from '../kubernetes/controller.ts';
import { KIND } from '../kubernetes/kinds.ts';
import type { KubeApi } from '../kubernetes/kube-api.ts';
import type { KubeObject, Pod } from '../kubernetes/objects.ts';
import type { RecordEvent } from '../kubernetes/record-event.ts';
import type { DefaultImages, NodeOp } from './pod-parts.ts';
import type { NodeOpSpec } from './schema.ts';
import type { NodeStatus } from './status.ts';

/** What the controllers of this room work with. */
export interface NodeOperationContext {
  readonly api: KubeApi;
  readonly cache: KubeCache;
  readonly images: DefaultImages;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Asks a web address. @returns its status, or what came instead */
  readonly ask: (url: string) => Promise<string>;
  readonly recordEvent: RecordEvent;
}

/** A node in work. */
export interface NodeTask {
  readonly op: NodeOp;
  /** With defaults. */
  readonly spec: NodeOpSpec;
  readonly node: string;
  readonly status: NodeStatus;
}

/** `NAMESPACE/NAME`. */
export function keyOf({ metadata: { namespace = 'default', name } }: KubeObject): string {
  return `${namespace}/${name}`;
}

/** Removes a pod as it was seen: one that was made since stays. */
export async function removePod(
  { api }: Pick<NodeOperationContext, 'api'>,
  seen: Pod | undefined,
): Promise<void> {
  if (seen === undefined) return;
  const { name, namespace, uid } = seen.metadata;
  const ref = { kind: KIND.pod, name, namespace };
  if ((await api.read(ref))?.metadata.uid === uid) await api.remove(ref);
}
