import { expect, test } from 'vitest';
import { freePort } from '../../../../src/factory/boot/forward.ts';
import { OPERATOR_KINDS, operatorControllers } from '../../../../src/factory/operator/controllers.ts';
import { runOperator } from '../../../../src/factory/operator/run-operator.ts';
import { createRunner } from '../../../../src/factory/tools/runner.ts';
import { startHttpApi } from '../kubernetes/http-api.ts';

const UPGRADES = '/apis/operator.kairos.io/v1alpha1/nodeopupgrades';
const LEASE = '/apis/coordination.k8s.io/v1/leases/operator';

test('the operator leads, works, can be probed, and gives its lease back', async () => {
  await using server = await startHttpApi();
  const end = new AbortController();
  const { signal } = end;
  const [metrics, probes] = [await freePort(), await freePort()];
  const lines: string[] = [];
  const runner = createRunner({ signal, log: () => undefined, env: {} });
  const done = runOperator({
    ...{ config: server.config, signal, kinds: OPERATOR_KINDS, log: (line) => lines.push(line) },
    controllers: (ports) =>
      operatorControllers(ports, {
        ...{ image: 'registry.example.com/kairos-factory', maxBuilds: 1, namespace: 'n' },
        ...{ commandImage: 'busybox', helperImage: 'busybox', log: () => undefined },
        access: { runner, registries: [], env: {}, signal },
      }),
    lease: { name: 'operator', namespace: 'n', identity: 'me' },
    metrics: { host: '127.0.0.1', port: metrics },
    probes: { host: '127.0.0.1', port: probes },
  });
  const ask = async (port: number, path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  await expect.poll(() => lines, { timeout: 30_000 }).toContain('knows all objects');
  expect(server.objects.get(LEASE)).toMatchObject({ spec: { holderIdentity: 'me' } });
  expect([await ask(probes, '/healthz'), await ask(probes, '/readyz')]).toEqual(['ok\n', 'works\n']);
  expect(await ask(metrics, '/metrics')).toMatch(/^kairos_factory_operator_leader 1$/m);

  server.put(UPGRADES, {
    ...{
      apiVersion: 'operator.kairos.io/v1alpha1',
      kind: 'NodeOpUpgrade',
      metadata: { name: 'bad', namespace: 'n' },
    },
    spec: { imgae: 'x' },
  });
  await expect
    .poll(() => server.objects.get(`${UPGRADES}/bad`)?.['status'], { timeout: 30_000 })
    .toMatchObject({ phase: 'Failed', message: expect.stringContaining('the spec is invalid') });

  end.abort();
  await done;
  expect(server.objects.get(LEASE)).toMatchObject({ spec: { holderIdentity: '' } });
});

test('a lease that another process takes ends the operator with an error', async () => {
  await using server = await startHttpApi();
  const lines: string[] = [];
  const done = runOperator({
    ...{ config: server.config, signal: new AbortController().signal, kinds: OPERATOR_KINDS },
    ...{ log: (line) => lines.push(line), controllers: () => [] },
    lease: { name: 'operator', namespace: 'n', identity: 'me' },
  });
  await expect.poll(() => lines, { timeout: 30_000 }).toContain('works');
  const lease = server.objects.get(LEASE);
  if (lease)
    server.put('/apis/coordination.k8s.io/v1/leases', { ...lease, spec: { holderIdentity: 'other' } });
  await expect(done).rejects.toMatchObject({ code: 'KUBERNETES_FAILED', message: /the lease was lost/ });
});
