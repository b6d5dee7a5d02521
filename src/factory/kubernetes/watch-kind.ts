import { type KubeConfig, type KubernetesObject, ListWatch, Watch } from '@kubernetes/client-node';
import { listAll } from './create-kube-api.ts';
import { apiPath, type Kind } from './kinds.ts';
import type { KubeObject } from './objects.ts';
import type { SendRequest } from './request.ts';

/** What the API server has of one kind, kept up to date. */
export interface WatchedKind {
  readonly get: (name: string, namespace?: string) => KubeObject | undefined;
  readonly list: (namespace?: string) => readonly KubeObject[];
  /** Fulfilled when the first list is complete. */
  readonly synced: Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Milliseconds before the next attempt after a failure, and the longest. */
const FIRST_DELAY = 500;
const LONGEST_DELAY = 30_000;

/**
 * Watches a kind: lists it once, and continues with changes from that version, also after the connection was lost. A version that the
 * server no longer has leads to a new list.
 * @param options.changed is called with an object that was added, has changed, or was deleted
 * @param options.failed learns why the connection was lost
 */
export function watchKind(options: {
  readonly config: KubeConfig;
  readonly send: SendRequest;
  readonly kind: Kind;
  readonly labels?: string | undefined;
  readonly namespace?: string | undefined;
  readonly changed: (object: KubeObject) => void;
  readonly failed: (error: unknown) => void;
}): WatchedKind {
  const { config, send, kind, labels, namespace } = options;
  const { promise: synced, resolve } = Promise.withResolvers<void>();
  let delay = FIRST_DELAY;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;

  const list = async () => {
    const { items, resourceVersion } = await listAll(send, kind, { namespace, labels });
    delay = FIRST_DELAY;
    // After the objects are in the cache, which is done without a pause.
    setImmediate(resolve);
    return {
      items: items as unknown as KubernetesObject[],
      metadata: { resourceVersion },
      apiVersion: kind.apiVersion,
      kind: kind.kind,
    };
  };
  const cache = new ListWatch<KubernetesObject>(
    apiPath({ kind, namespace }),
    new Watch(config),
    list,
    false,
    labels,
  );
  cache.on('change', (object) => {
    delay = FIRST_DELAY;
    options.changed(withKind(object, kind));
  });
  cache.on('error', (error) => {
    if (isStopped) return;
    options.failed(error);
    timer = setTimeout(() => void cache.start(), delay);
    delay = Math.min(delay * 2, LONGEST_DELAY);
  });
  void cache.start();
  return {
    get: (name, space) => {
      const found = cache.get(name, space);
      return found === undefined ? undefined : withKind(found, kind);
    },
    list: (space) => cache.list(space).map((object) => withKind(object, kind)),
    synced,
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      await cache.stop();
    },
  };
}

/** The client declares times as `Date`, and gives what the server sent: text. */
function withKind(object: KubernetesObject, { apiVersion, kind }: Kind): KubeObject {
  return { apiVersion, kind, ...(object as unknown as Pick<KubeObject, 'metadata'>) };
}
