import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Controller, KubeCache } from '../../src/factory/kubernetes/controller.ts';
import { createKubeApi } from '../../src/factory/kubernetes/create-kube-api.ts';
import { KIND } from '../../src/factory/kubernetes/kinds.ts';
import { loadKubeConfig } from '../../src/factory/kubernetes/load-kube-config.ts';
import { createEventRecorder } from '../../src/factory/kubernetes/record-event.ts';
import { createRequests } from '../../src/factory/kubernetes/request.ts';
import { runControllers } from '../../src/factory/kubernetes/run-controllers.ts';
import { type ControlPlane, startControlPlane } from '../support/cluster/control-plane.ts';
import { startKubelet, type TestKubelet } from '../support/cluster/kubelet.ts';
import { HAS_CLUSTER } from '../support/cluster/programs.ts';

const map = (name: string, data: Readonly<Record<string, string>>) => ({
  ...{
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default', labels: { of: 'test' } },
  },
  data,
});

describe.skipIf(!HAS_CLUSTER)('a real API server (needs its programs)', () => {
  let plane: ControlPlane;
  let kubelet: TestKubelet;
  beforeAll(async () => {
    plane = await startControlPlane();
    kubelet = await startKubelet({
      kubeconfig: plane.kubeconfig,
      nodes: [{ name: 'node-1' }, { name: 'node-2', labels: { disk: 'fast' } }],
      run: async ({ container }) =>
        container.args?.[0] === 'fail' ? { exitCode: 3, message: 'no room' } : { exitCode: 0 },
    });
  });
  afterAll(async () => {
    await kubelet?.[Symbol.asyncDispose]();
    await plane?.[Symbol.asyncDispose]();
  });

  test('creates, reads, applies, patches and removes', async () => {
    const { api } = kubelet;
    const ref = { kind: KIND.configMap, name: 'first', namespace: 'default' };
    expect(await api.read(ref)).toBeUndefined();
    expect(await api.create(map('first', { a: '1' }))).toBe(true);
    expect(await api.create(map('first', { a: '2' }))).toBe(false);
    await api.apply(map('first', { b: '2' }));
    expect(await api.read(ref)).toMatchObject({ data: { a: '1', b: '2' } });
    await api.apply(map('first', { c: '3' }));
    expect(Object.keys((await api.read<{ data: object } & typeof EMPTY>(ref))?.data ?? {})).toEqual([
      'a',
      'c',
    ]);
    await api.patch(ref, { data: { a: null } });
    const stale = { metadata: { resourceVersion: '1' }, data: { c: '4' } };
    await expect(api.patch(ref, stale)).rejects.toMatchObject({ status: 409, code: 'KUBERNETES_FAILED' });
    expect((await api.list(KIND.configMap, { namespace: 'default', labels: 'of=test' })).length).toBe(1);
    await api.remove(ref);
    await api.remove(ref);
    expect(await api.read(ref)).toBeUndefined();
  });

  test('an event that happens again is counted', async () => {
    const { api } = kubelet;
    await api.create(map('with-events', {}));
    const object = await api.read({ kind: KIND.configMap, name: 'with-events', namespace: 'default' });
    if (object === undefined) throw new Error('the object is missing');
    const failures: unknown[] = [];
    const record = createEventRecorder(api, { component: 'test', failed: (error) => failures.push(error) });
    for (let time = 0; time < 3; time++)
      await record({ object, type: 'Normal', reason: 'Looked', message: 'It was looked at.' });
    expect(failures).toEqual([]);
    const text = await plane.kubectl('events', '--for=configmap/with-events', '--no-headers');
    expect(text).toMatch(/\(x3 over .*Normal.*Looked.*It was looked at\./);
  });

  test('Jobs run on nodes that suit, and are reported as a kubelet reports them', async () => {
    const job = (name: string, args: readonly string[], spec: object = {}) => ({
      ...{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name, namespace: 'default' } },
      spec: {
        backoffLimit: 0,
        template: {
          spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'x', args }], ...spec },
        },
      },
    });
    await kubelet.api.create(job('good', [], { nodeSelector: { disk: 'fast' } }));
    await kubelet.api.create(job('bad', ['fail']));
    await plane.kubectl('wait', '--for=condition=complete', 'job/good', '--timeout=60s');
    await plane.kubectl('wait', '--for=condition=failed', 'job/bad', '--timeout=60s');
    const pods = await plane.kubectl(
      ...['get', 'pods', '-o'],
      'jsonpath={range .items[*]}{.metadata.labels.job-name} {.spec.nodeName} {.status.containerStatuses[0].state.terminated.message}{"\\n"}{end}',
    );
    expect(pods.split('\n').sort()).toEqual(['bad node-1 no room', 'good node-2 ']);
  });

  test('a controller continues after the API server was gone, and misses nothing', async () => {
    const config = loadKubeConfig({ file: plane.kubeconfig, env: {} });
    const end = new AbortController();
    const send = createRequests(config, { signal: end.signal });
    const seen = new Set<string>();
    const lost: string[] = [];
    const controller: Controller = {
      name: 'test',
      watches: [
        {
          kind: KIND.configMap,
          labels: 'of=test',
          keysOf: ({ metadata }) => [`${metadata.namespace}/${metadata.name}`],
        },
      ],
      reconcile: async (key) => {
        seen.add(key);
        return {};
      },
    };
    let cached: KubeCache | undefined;
    await using running = runControllers({
      ...{ config, send },
      create: (cache) => {
        cached = cache;
        return [controller];
      },
      events: {
        reconciled: () => undefined,
        failed: () => undefined,
        disconnected: (kind) => lost.push(kind),
      },
    });
    const api = createKubeApi(send, () => KIND.configMap);
    await api.create(map('before', {}));
    await running.synced;
    await expect.poll(() => [...seen].sort(), { timeout: 20_000 }).toContain('default/before');
    await plane.stopApi();
    await expect.poll(() => lost.length, { timeout: 20_000 }).toBeGreaterThan(0);
    await plane.startApi();
    await api.create(map('after', {}));
    await api.remove({ kind: KIND.configMap, name: 'before', namespace: 'default' });
    await expect.poll(() => [...seen].sort(), { timeout: 60_000 }).toContain('default/after');
    await expect
      .poll(() => cached?.get(KIND.configMap, 'before', 'default'), { timeout: 20_000 })
      .toBeUndefined();
    end.abort();
  }, 240_000);
});

const EMPTY = { apiVersion: '', kind: '', metadata: { name: '' } };
