import type { KubeConfig } from '@kubernetes/client-node';
import type { Controller, KubeCache, Watched } from './controller.ts';
import type { Kind } from './kinds.ts';
import type { KubeObject } from './objects.ts';
import type { SendRequest } from './request.ts';
import { type WatchedKind, watchKind } from './watch-kind.ts';
import { createWorkQueue, type WorkQueue } from './work-queue.ts';

/** What the process learns of its controllers, for logs and metrics. */
export interface ControllerEvents {
  readonly reconciled: (controller: string, seconds: number) => void;
  readonly failed: (controller: string, key: string, error: unknown) => void;
  /** The connection of a watch was lost; it is continued. */
  readonly disconnected: (kind: string, error: unknown) => void;
}

/** Controllers at work. */
export interface RunningControllers extends AsyncDisposable {
  /** Fulfilled when everything that exists is known, and work has begun. */
  readonly synced: Promise<void>;
  /** Keys that wait, by controller. */
  readonly depths: () => Readonly<Record<string, number>>;
}

/** How many objects one controller works on at the same time. */
const CONCURRENCY = 8;

/**
 * Watches what controllers ask for, each kind with each selector once, and calls them for every object that changes.
 * @param options.create makes the controllers over the cache, which fills after this
 * @param options.namespace limits everything with a namespace to one; all without it
 */
export function runControllers(options: {
  readonly config: KubeConfig;
  readonly send: SendRequest;
  readonly namespace?: string | undefined;
  readonly create: (cache: KubeCache) => readonly Controller[];
  readonly events: ControllerEvents;
}): RunningControllers {
  const { config, send, namespace, events } = options;
  const watches = new Map<string, { readonly kind: Kind; readonly watch: WatchedKind }>();
  const of = ({ plural, apiVersion }: Kind) => {
    const found = [...watches.values()].filter(
      ({ kind }) => kind.plural === plural && kind.apiVersion === apiVersion,
    );
    if (found.length === 0) throw new RangeError(`no controller watches ${plural} of ${apiVersion}`);
    return found.map(({ watch }) => watch);
  };
  const cache: KubeCache = {
    get: <T extends KubeObject>(kind: Kind, name: string, space?: string) =>
      of(kind)
        .map((watch) => watch.get(name, space))
        .find((object) => object !== undefined) as T | undefined,
    list: <T extends KubeObject>(kind: Kind, space?: string) => {
      const found = of(kind).flatMap((watch) => watch.list(space));
      return [
        ...new Map(found.map((object) => [object.metadata.uid, object])).values(),
      ] as unknown as readonly T[];
    },
  };
  const controllers = options.create(cache);
  const queues = new Map(controllers.map((controller) => [controller, queueOf(controller, events)]));
  let isReady = false;
  const waiting: (() => void)[] = [];
  for (const [id, { kind, labels, watched }] of gather(controllers)) {
    const changed = (object: KubeObject) => {
      const dispatch = () => {
        for (const [controller, { keysOf }] of watched)
          for (const key of keysOf(object, cache)) queues.get(controller)?.add(key);
      };
      // A controller that starts with half of the objects in its cache would do what others have done.
      if (isReady) dispatch();
      else waiting.push(dispatch);
    };
    const failed = (error: unknown) => events.disconnected(kind.plural, error);
    const scope = kind.namespaced ? namespace : undefined;
    watches.set(id, {
      kind,
      watch: watchKind({ config, send, kind, labels, namespace: scope, changed, failed }),
    });
  }
  const synced = Promise.all([...watches.values()].map(({ watch }) => watch.synced)).then(() => {
    isReady = true;
    for (const dispatch of waiting.splice(0)) dispatch();
  });
  return {
    synced,
    depths: () => Object.fromEntries([...queues].map(([{ name }, queue]) => [name, queue.depth()])),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...watches.values()].map(({ watch }) => watch.stop()));
      await Promise.all([...queues.values()].map((queue) => queue.stop()));
    },
  };
}

interface Gathered {
  readonly kind: Kind;
  readonly labels: string | undefined;
  readonly watched: (readonly [Controller, Watched])[];
}

/** Controllers that watch the same objects share the watch. */
function gather(controllers: readonly Controller[]): Map<string, Gathered> {
  const found = new Map<string, Gathered>();
  for (const controller of controllers)
    for (const watched of controller.watches) {
      const { kind, labels } = watched;
      const id = `${kind.apiVersion} ${kind.plural} ${labels ?? ''}`;
      const entry = found.get(id) ?? { kind, labels, watched: [] };
      entry.watched.push([controller, watched]);
      found.set(id, entry);
    }
  return found;
}

function queueOf({ name, reconcile }: Controller, events: ControllerEvents): WorkQueue {
  return createWorkQueue({
    concurrency: CONCURRENCY,
    failed: (key, error) => events.failed(name, key, error),
    work: async (key) => {
      const begin = performance.now();
      try {
        return await reconcile(key);
      } finally {
        events.reconciled(name, (performance.now() - begin) / 1000);
      }
    },
  });
}
