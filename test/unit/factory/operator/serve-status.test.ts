import { expect, test } from 'vitest';
import { createMetrics } from '../../../../src/factory/operator/metrics.ts';
import { serveStatus } from '../../../../src/factory/operator/serve-status.ts';

const HOST = '127.0.0.1';

test('pages are served with their status, and nothing else is', async () => {
  await using server = await serveStatus(
    { host: HOST, port: 0 },
    {
      '/healthz': async () => ({ ok: true, text: 'ok\n' }),
      '/readyz': async () => ({ ok: false, text: 'waits\n' }),
      '/broken': async () => {
        throw new Error('no figures');
      },
    },
  );
  const ask = async (path: string, method = 'GET') => {
    const answer = await fetch(`http://${HOST}:${server.port}${path}`, { method });
    return [answer.status, await answer.text()];
  };
  expect(await ask('/healthz?verbose')).toEqual([200, 'ok\n']);
  expect(await ask('/readyz')).toEqual([503, 'waits\n']);
  expect(await ask('/broken')).toEqual([500, 'no figures\n']);
  expect(await ask('/other')).toEqual([404, 'not found\n']);
  expect(await ask('/healthz', 'POST')).toEqual([404, 'not found\n']);
});

test('an address in use is an error with a remedy', async () => {
  await using server = await serveStatus({ host: HOST, port: 0 }, {});
  await expect(serveStatus({ host: HOST, port: server.port }, {})).rejects.toMatchObject({
    code: 'PORT_IN_USE',
    message: expect.stringContaining(`${HOST}:${server.port}`),
    remedy: expect.stringContaining('--probes'),
  });
});

test('figures are in the text format of Prometheus', async () => {
  const metrics = createMetrics();
  metrics.reconciled('nodes', 0.02);
  metrics.failed('nodes');
  metrics.requested('GET', 200);
  metrics.requested('GET', 200);
  metrics.leads(true);
  metrics.watchDepths(() => ({ nodes: 7 }));
  const lines = (await metrics.text()).split('\n');
  for (const line of [
    'kairos_factory_operator_reconcile_seconds_count{controller="nodes"} 1',
    'kairos_factory_operator_reconcile_failures_total{controller="nodes"} 1',
    'kairos_factory_operator_requests_total{method="GET",status="200"} 2',
    'kairos_factory_operator_leader 1',
    'kairos_factory_operator_queue_depth{controller="nodes"} 7',
  ])
    expect(lines).toContain(line);
  expect(metrics.contentType).toContain('text/plain');
});
