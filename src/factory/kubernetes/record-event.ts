import { createHash } from 'node:crypto';
import { KIND } from './kinds.ts';
import type { KubeApi } from './kube-api.ts';
import type { KubeObject } from './objects.ts';
import { timestamp } from './timestamp.ts';

/** What happened to an object, for `kubectl describe`. */
export interface ObjectEvent {
  readonly object: KubeObject;
  readonly type: 'Normal' | 'Warning';
  /** One word in CamelCase. */
  readonly reason: string;
  readonly message: string;
}

/** Records an event. It never fails what it reports about. */
export type RecordEvent = (event: ObjectEvent) => Promise<void>;

/** Longest text that the API server takes. */
const LONGEST = 1024;

/** Makes the recorder of events. The same event again is counted, not added. */
export function createEventRecorder(
  api: KubeApi,
  { component, failed }: { readonly component: string; readonly failed: (error: unknown) => void },
): RecordEvent {
  return async ({ object, type, reason, message }) => {
    const { apiVersion, kind, metadata } = object;
    const { name, uid, resourceVersion } = metadata;
    const namespace = metadata.namespace ?? 'default';
    const hash = createHash('sha256')
      .update(JSON.stringify([uid, type, reason, message]))
      .digest('hex')
      .slice(0, 16);
    const ref = { kind: KIND.event, name: `${name.slice(0, 200)}.${hash}`, namespace };
    const now = timestamp(Date.now());
    const event = {
      ...{ apiVersion: 'v1', kind: 'Event', metadata: { name: ref.name, namespace } },
      involvedObject: { apiVersion, kind, name, namespace: metadata.namespace, uid, resourceVersion },
      ...{ type, reason, message: message.slice(0, LONGEST), source: { component } },
      ...{ firstTimestamp: now, lastTimestamp: now, count: 1 },
    };
    try {
      if (await api.create(event)) return;
      const found = await api.read<KubeObject & { readonly count?: number }>(ref);
      await api.patch(ref, { count: (found?.count ?? 1) + 1, lastTimestamp: now });
    } catch (error) {
      failed(error);
    }
  };
}
