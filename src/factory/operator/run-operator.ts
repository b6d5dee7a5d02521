import type { KubeConfig } from '@kubernetes/client-node';
import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import type { Controller, KubeCache } from '../kubernetes/controller.ts';
import { createKubeApi } from '../kubernetes/create-kube-api.ts';
import type { Kind } from '../kubernetes/kinds.ts';
import type { KubeApi } from '../kubernetes/kube-api.ts';
import { giveUpLead, type LeaderOptions, lead } from '../kubernetes/lead.ts';
import type { KubeObject } from '../kubernetes/objects.ts';
import { createEventRecorder, type RecordEvent } from '../kubernetes/record-event.ts';
import { createRequests } from '../kubernetes/request.ts';
import { runControllers } from '../kubernetes/run-controllers.ts';
import { createMetrics, type OperatorMetrics } from './metrics.ts';
import { type ListenAddress, serveStatus } from './serve-status.ts';

/** What controllers get. */
export interface ControllerPorts {
  readonly api: KubeApi;
  readonly cache: KubeCache;
  readonly recordEvent: RecordEvent;
}

/** How the operator runs. */
export interface OperatorOptions {
  readonly config: KubeConfig;
  /** Makes all controllers. */
  readonly controllers: (ports: ControllerPorts) => readonly Controller[];
  /** Kinds that controllers write. */
  readonly kinds: readonly Kind[];
  /** The only namespace that is looked after; all without it. */
  readonly namespace?: string | undefined;
  /** The lease for which replicas compete; this process is alone without it. */
  readonly lease?: Pick<LeaderOptions, 'name' | 'namespace' | 'identity'> | undefined;
  readonly metrics?: ListenAddress | undefined;
  readonly probes?: ListenAddress | undefined;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

/**
 * Runs the controllers until the signal is aborted.
 * @throws FactoryError `step` when the leadership is lost: the process has to start again; `usage` for an address in use
 */
export async function runOperator(options: OperatorOptions): Promise<void> {
  const { config, signal, log } = options;
  const metrics = createMetrics();
  const state = { isSynced: false };
  await using _servers = await serve(options, metrics, state);
  // Controllers end what they have begun after the signal, and the lease is given back.
  const requests = new AbortController();
  using _requests = { [Symbol.dispose]: () => requests.abort() };
  const send = createRequests(config, { signal: requests.signal, observe: metrics.requested });
  const api = createKubeApi(send, (object) => kindOf(options.kinds, object));
  const warn = (what: string) => (error: unknown) => log(`warning: ${what}: ${messageOf(error)}`);
  const recordEvent = createEventRecorder(api, {
    component: COMPONENT,
    failed: warn('an event was not recorded'),
  });

  const leadership: LeaderOptions | undefined = options.lease && {
    ...options.lease,
    ...{ api, signal, failed: warn('the lease cannot be read or written') },
  };
  if (leadership) log(`waits for the lease ${leadership.namespace}/${leadership.name}`);
  const lost = leadership === undefined ? undefined : await lead(leadership);
  metrics.leads(true);
  log('works');
  {
    await using running = runControllers({
      ...{ config, send, namespace: options.namespace },
      create: (cache) => options.controllers({ api, cache, recordEvent }),
      events: {
        reconciled: metrics.reconciled,
        failed: (controller, key, error) => {
          metrics.failed(controller);
          log(`${controller} ${key}: ${messageOf(error)}; it is tried again`);
        },
        disconnected: (kind, error) => log(`the watch of ${kind} was interrupted: ${messageOf(error)}`),
      },
    });
    metrics.watchDepths(running.depths);
    void running.synced.then(() => {
      state.isSynced = true;
      log('knows all objects');
    });
    await aborted(lost === undefined ? signal : AbortSignal.any([signal, lost]));
  }
  if (leadership && signal.aborted) await giveUpLead(leadership).catch(warn('the lease was not given back'));
  if (!signal.aborted)
    throw new FactoryError('KUBERNETES_FAILED', `the lease was lost: ${messageOf(lost?.reason)}`, {
      remedy: 'Another replica has taken over. This process starts again and waits for the lease.',
    });
}

/** The name of the program in events. */
const COMPONENT = 'kairos-factory';

async function serve(
  { metrics: metricsAddress, probes }: OperatorOptions,
  metrics: OperatorMetrics,
  state: { readonly isSynced: boolean },
): Promise<AsyncDisposable> {
  const servers = new AsyncDisposableStack();
  if (probes)
    servers.use(
      await serveStatus(probes, {
        '/healthz': async () => ({ ok: true, text: 'ok\n' }),
        // A replica that waits for the lease is ready: it could take over.
        '/readyz': async () => ({ ok: true, text: state.isSynced ? 'works\n' : 'waits\n' }),
      }),
    );
  if (metricsAddress)
    servers.use(
      await serveStatus(metricsAddress, {
        '/metrics': async () => ({ ok: true, text: await metrics.text(), type: metrics.contentType }),
      }),
    );
  return servers;
}

function kindOf(kinds: readonly Kind[], { apiVersion, kind }: KubeObject): Kind {
  const found = kinds.find((each) => each.apiVersion === apiVersion && each.kind === kind);
  if (found === undefined) throw new RangeError(`the operator does not know ${kind} of ${apiVersion}`);
  return found;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
