import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { KIND } from './kinds.ts';
import type { KubeApi } from './kube-api.ts';
import { KubeError } from './kube-error.ts';

/** Who leads, and for how long. */
export interface LeaderOptions {
  readonly api: KubeApi;
  readonly name: string;
  readonly namespace: string;
  /** This process, such as the name of its pod. */
  readonly identity: string;
  readonly signal: AbortSignal;
  readonly failed: (error: unknown) => void;
  /** Seconds; those of Kubernetes' own components without it. */
  readonly times?: { readonly lease: number; readonly retry: number };
  /** That of this machine without it. */
  readonly clock?: LeaderClock;
}

/** The time; tests have their own. */
export interface LeaderClock {
  /** Seconds that only go forward. */
  readonly now: () => number;
  /** Ends early when the signal is aborted. */
  readonly sleep: (seconds: number, signal: AbortSignal) => Promise<void>;
}

const Lease = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  spec: z
    .object({
      holderIdentity: z.string().nullish(),
      leaseTransitions: z.number().nullish(),
      renewTime: z.string().nullish(),
    })
    .optional(),
});

const DEFAULT_TIMES = { lease: 15, retry: 2 };

/**
 * Waits until this process is the leader, and stays it: only one of several replicas works at a time. Whether another leads is judged by
 * our own clock: its lease has to stay unchanged for its whole duration.
 * @returns a signal that is aborted when the leadership is lost; all work must end then
 * @throws the reason of `signal`
 */
export async function lead(options: LeaderOptions): Promise<AbortSignal> {
  const { signal, times = DEFAULT_TIMES, clock = SYSTEM_CLOCK } = options;
  let seen: { readonly version: string; readonly at: number } | undefined;
  for (;;) {
    signal.throwIfAborted();
    try {
      const lease = await readLease(options);
      const version = lease?.metadata.resourceVersion ?? '';
      if (version !== seen?.version) seen = { version, at: clock.now() };
      const isExpired = clock.now() - seen.at > times.lease;
      const holder = lease?.spec?.holderIdentity;
      if (!holder || holder === options.identity || isExpired)
        if (await take(options, lease)) return renew(options);
    } catch (error) {
      signal.throwIfAborted();
      options.failed(error);
    }
    await clock.sleep(times.retry, signal);
  }
}

/** Gives the lease back, so that another replica need not wait for its end. */
export async function giveUpLead({ api, name, namespace, identity }: LeaderOptions): Promise<void> {
  const lease = await api.read({ kind: KIND.lease, name, namespace });
  const { metadata, spec } = Lease.parse(lease);
  if (spec?.holderIdentity !== identity) return;
  const { resourceVersion } = metadata;
  await api.patch(
    { kind: KIND.lease, name, namespace },
    { metadata: { resourceVersion }, spec: { holderIdentity: '' } },
  );
}

function renew(options: LeaderOptions): AbortSignal {
  const lost = new AbortController();
  const reason = () =>
    options.signal.aborted
      ? options.signal.reason
      : new DOMException('another process leads now', 'AbortError');
  void keep(options).then(
    () => lost.abort(reason()),
    (error: unknown) => lost.abort(error),
  );
  return lost.signal;
}

/** Renews the lease again and again; ends when it is lost, or the process ends. */
async function keep(options: LeaderOptions): Promise<void> {
  const { signal, times = DEFAULT_TIMES, clock = SYSTEM_CLOCK } = options;
  // Another process may take over when the whole duration has passed, so this one ends before that.
  const limit = times.lease * (2 / 3);
  let renewed = clock.now();
  while (!signal.aborted && clock.now() - renewed < limit) {
    await clock.sleep(times.retry, signal);
    try {
      const lease = await readLease(options);
      if (lease?.spec?.holderIdentity !== options.identity) return;
      if (await take(options, lease)) renewed = clock.now();
    } catch (error) {
      options.failed(error);
    }
  }
}

async function readLease({ api, name, namespace }: LeaderOptions) {
  const found = await api.read({ kind: KIND.lease, name, namespace });
  return found === undefined ? undefined : Lease.parse(found);
}

/** Writes our name into the lease. @returns whether that was possible; not when another process was faster, or holds it */
async function take(
  { api, name, namespace, identity, times = DEFAULT_TIMES }: LeaderOptions,
  lease: z.output<typeof Lease> | undefined,
): Promise<boolean> {
  const now = new Date().toISOString().replace('Z', '000Z');
  const holder = lease?.spec?.holderIdentity;
  const isOurs = holder === identity;
  const spec = {
    holderIdentity: identity,
    leaseDurationSeconds: times.lease,
    renewTime: now,
    ...(!isOurs && {
      acquireTime: now,
      leaseTransitions: (lease?.spec?.leaseTransitions ?? 0) + (holder ? 1 : 0),
    }),
  };
  if (lease === undefined) {
    const { apiVersion, kind } = KIND.lease;
    return await api.create({ apiVersion, kind, metadata: { name, namespace }, spec } as never);
  }
  try {
    const { resourceVersion } = lease.metadata;
    await api.patch({ kind: KIND.lease, name, namespace }, { metadata: { resourceVersion }, spec });
    return true;
  } catch (error) {
    if (error instanceof KubeError && error.status === 409) return false;
    throw error;
  }
}

const SYSTEM_CLOCK: LeaderClock = {
  now: () => performance.now() / 1000,
  sleep: async (seconds, signal) => {
    await setTimeout(seconds * 1000, undefined, { signal }).catch(() => undefined);
  },
};
