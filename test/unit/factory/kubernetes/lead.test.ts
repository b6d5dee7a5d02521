import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { KubeApi } from '../../../../src/factory/kubernetes/kube-api.ts';
import { KubeError } from '../../../../src/factory/kubernetes/kube-error.ts';
import { giveUpLead, type LeaderOptions, lead } from '../../../../src/factory/kubernetes/lead.ts';

interface Lease {
  metadata: { resourceVersion: string };
  spec: Record<string, unknown>;
}

/** An API server that has one lease, and refuses a change of an older version, as the real one does. */
function leaseServer() {
  const state: { lease: Lease | undefined; isDown: boolean } = { lease: undefined, isDown: false };
  const answer = () => {
    if (state.isDown) throw new KubeError('down');
  };
  const api = {
    read: async () => {
      answer();
      return structuredClone(state.lease);
    },
    create: async ({ spec }: Lease) => {
      answer();
      if (state.lease) return false;
      state.lease = { metadata: { resourceVersion: '1' }, spec };
      return true;
    },
    patch: async (_ref: unknown, { metadata, spec }: Lease) => {
      answer();
      const { lease } = state;
      if (lease === undefined || metadata.resourceVersion !== lease.metadata.resourceVersion)
        throw new KubeError('conflict', { status: 409 });
      const resourceVersion = String(Number(lease.metadata.resourceVersion) + 1);
      state.lease = { metadata: { resourceVersion }, spec: { ...lease.spec, ...spec } };
      return state.lease;
    },
  } as unknown as KubeApi;
  // A sleep lets the others work, and the time passes only here.
  let now = 0;
  const clock = {
    now: () => now,
    sleep: async (seconds: number) => {
      for (let round = 0; round < 3; round++) await setImmediate();
      now += seconds;
    },
  };
  const options = (identity: string, signal: AbortSignal): LeaderOptions => ({
    ...{ api, identity, signal, name: 'operator', namespace: 'n' },
    ...{ failed: () => undefined, clock },
  });
  return { state, options, clock };
}

test('one of several leads; after its end another does, without a wait for the lease', async () => {
  const { state, options, clock } = leaseServer();
  const [first, second] = [new AbortController(), new AbortController()];
  await lead(options('a', first.signal));
  expect(state.lease?.spec).toMatchObject({ holderIdentity: 'a', leaseTransitions: 0 });
  const waits = lead(options('b', second.signal));
  let isLeader = false;
  void waits.then(() => {
    isLeader = true;
  });
  for (let round = 0; round < 100; round++) await setImmediate();
  expect(isLeader).toBe(false);
  const { now } = clock;
  const stopped = now();
  first.abort();
  await giveUpLead(options('a', new AbortController().signal));
  await waits;
  expect(now() - stopped).toBeLessThan(15);
  expect(state.lease?.spec['holderIdentity']).toBe('b');
  second.abort();
});

test('the lease of one that died is taken over when it has not changed for its whole duration', async () => {
  const { state, options, clock } = leaseServer();
  state.lease = { metadata: { resourceVersion: '5' }, spec: { holderIdentity: 'dead', leaseTransitions: 3 } };
  const end = new AbortController();
  await lead(options('b', end.signal));
  expect(clock.now()).toBeGreaterThan(15);
  expect(state.lease?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 4 });
  end.abort();
});

test('one whose lease another holds by now loses', async () => {
  const { state, options } = leaseServer();
  const lost = await lead(options('a', new AbortController().signal));
  if (state.lease) state.lease.spec = { holderIdentity: 'b' };
  await new Promise((resolve) => lost.addEventListener('abort', resolve));
  expect(state.lease?.spec['holderIdentity']).toBe('b');
});

test('one that does not reach the API server loses before its lease can be taken', async () => {
  const { state, options, clock } = leaseServer();
  const lost = await lead(options('a', new AbortController().signal));
  state.isDown = true;
  const began = clock.now();
  await new Promise((resolve) => lost.addEventListener('abort', resolve));
  expect(clock.now() - began).toBeLessThan(15);
});

test('a process that ends while it waits ends the wait', async () => {
  const { state, options } = leaseServer();
  state.lease = { metadata: { resourceVersion: '5' }, spec: { holderIdentity: 'other' } };
  const end = new AbortController();
  const waits = lead(options('b', end.signal));
  end.abort(new Error('ends'));
  await expect(waits).rejects.toThrow('ends');
});
