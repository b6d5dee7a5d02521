import { expect, test } from 'vitest';
import type { KubeCache } from '../../../../src/factory/kubernetes/controller.ts';
import { createKubeApi } from '../../../../src/factory/kubernetes/create-kube-api.ts';
import { KIND } from '../../../../src/factory/kubernetes/kinds.ts';
import { createEventRecorder } from '../../../../src/factory/kubernetes/record-event.ts';
import { createRequests } from '../../../../src/factory/kubernetes/request.ts';
import { runControllers } from '../../../../src/factory/kubernetes/run-controllers.ts';
import { startHttpApi } from './http-api.ts';

const MAPS = '/api/v1/configmaps';
const map = (name: string, data: Readonly<Record<string, string>> = {}) => ({
  ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'n' } },
  data,
});

test('controllers see what exists, changes, and what happened while the connection was lost', async () => {
  await using server = await startHttpApi();
  server.put(MAPS, map('first'));
  const end = new AbortController();
  const send = createRequests(server.config, { signal: end.signal });
  const seen: string[] = [];
  const failures: string[] = [];
  let cached: KubeCache | undefined;
  {
    await using running = runControllers({
      ...{ config: server.config, send },
      create: (cache) => {
        cached = cache;
        return [
          {
            name: 'test',
            watches: [
              { kind: KIND.configMap, keysOf: ({ metadata }) => [`${metadata.namespace}/${metadata.name}`] },
            ],
            reconcile: async (key) => {
              seen.push(key);
              if (key === 'n/bad') throw new Error('no');
              return {};
            },
          },
        ];
      },
      events: {
        reconciled: () => undefined,
        failed: (name, key) => failures.push(`${name} ${key}`),
        disconnected: () => undefined,
      },
    });
    await running.synced;
    await expect.poll(() => seen, { timeout: 30_000 }).toEqual(['n/first']);
    server.put(MAPS, map('bad'));
    await expect.poll(() => failures[0], { timeout: 30_000 }).toBe('test n/bad');
    server.drop();
    server.put(MAPS, map('later'));
    server.remove(MAPS, 'first');
    await expect.poll(() => seen, { timeout: 30_000 }).toContain('n/later');
    await expect.poll(() => cached?.get(KIND.configMap, 'first', 'n'), { timeout: 30_000 }).toBeUndefined();
    expect(cached?.get(KIND.configMap, 'bad', 'n')).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' });
    expect(cached?.list(KIND.configMap, 'n').map(({ metadata }) => metadata.name)).toEqual(['bad', 'later']);
    expect(() => cached?.list(KIND.job)).toThrow(RangeError);
    expect(running.depths()).toEqual({ test: expect.any(Number) });
  }
  end.abort();
});

test('an event is made once, and counted after that; one that fails harms nothing', async () => {
  await using server = await startHttpApi();
  const send = createRequests(server.config, { signal: new AbortController().signal });
  const api = createKubeApi(send, ({ kind }) => (kind === 'Event' ? KIND.event : KIND.configMap));
  const failures: unknown[] = [];
  const record = createEventRecorder(api, { component: 'test', failed: (error) => failures.push(error) });
  const event = {
    object: map('first'),
    type: 'Normal',
    reason: 'Looked',
    message: 'It was looked at.',
  } as const;
  await record(event);
  await record(event);
  const [stored] = [...server.objects.values()];
  expect(stored).toMatchObject({
    count: 2,
    reason: 'Looked',
    involvedObject: { name: 'first', namespace: 'n' },
  });
  await server[Symbol.asyncDispose]();
  await record(event);
  expect(failures).toMatchObject([
    { code: 'KUBERNETES_FAILED', message: expect.stringContaining('does not answer') },
  ]);
});
