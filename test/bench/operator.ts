#!/usr/bin/env node
// Upgrades many simulated nodes at a real API server, and reports what the operator needs for that.
//   scripts/setup --cluster && npm run build
//   KAIROS_FACTORY_BENCH_NODES=1000 node --experimental-strip-types test/bench/operator.ts
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import { freePort } from '../../src/factory/boot/forward.ts';
import { startControlPlane } from '../support/cluster/control-plane.ts';
import { startKubelet } from '../support/cluster/kubelet.ts';
import { scriptedNodes } from '../support/cluster/scripted-nodes.ts';
import { PROJECT } from '../support/factory.ts';
import { startRegistry } from '../support/registry.ts';

const COUNT = Number(process.env['KAIROS_FACTORY_BENCH_NODES'] ?? 1000);
/** Nodes in work at the same time. */
const CONCURRENCY = 50;

const home = await mkdtemp(join(tmpdir(), 'kairos-factory-bench-'));
const names = Array.from({ length: COUNT }, (_, index) => `node-${String(index).padStart(4, '0')}`);
{
  await using plane = await startControlPlane();
  await using registry = await startRegistry();
  const digest = await registry.pushImage('fleet/os', 'a layer', 'v2');
  const configuration = join(home, 'kairos-factory.yaml');
  await writeFile(
    configuration,
    JSON.stringify({ registries: [{ registry: registry.host, insecure: true }] }),
  );
  await plane.kubectl('apply', '-k', join(PROJECT, 'deploy/operator/crds'));
  await plane.kubectl('wait', '--for=condition=established', 'crd', '--all', '--timeout=60s');
  const cluster = scriptedNodes(names, `sha256:${'a'.repeat(64)}`);
  await using _kubelet = await startKubelet({
    kubeconfig: plane.kubeconfig,
    nodes: names.map((name) => ({ name, labels: { role: 'edge' } })),
    ...{ run: cluster.run, bootId: cluster.bootId },
  });
  const port = await freePort();
  const operator = execa(
    join(PROJECT, 'bin/kairos-factory'),
    [
      ...['operator', '--kubeconfig', plane.kubeconfig, '--config', configuration],
      ...['--metrics', `127.0.0.1:${port}`],
    ],
    { env: { KAIROS_FACTORY_CACHE: join(home, 'cache') }, reject: false, stdin: 'ignore', all: true },
  );
  const figures = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  await setTimeout(15_000);
  const before = requestsIn(await figures());
  const began = performance.now();
  await plane.apply(
    JSON.stringify({
      ...{ apiVersion: 'operator.kairos.io/v1alpha1', kind: 'NodeOpUpgrade', metadata: { name: 'all' } },
      spec: {
        image: `${registry.host}/fleet/os:v2`,
        nodeSelector: { matchLabels: { role: 'edge' } },
        concurrency: CONCURRENCY,
      },
    }),
  );
  let memory = 0;
  let phase = '';
  while (!/Completed|Failed/.test(phase)) {
    await setTimeout(2000);
    memory = Math.max(memory, valueIn(await figures(), /^process_resident_memory_bytes (\S+)/m));
    phase = await plane.kubectl(
      'get',
      'nodeopupgrade',
      'all',
      '-o',
      'jsonpath={.status.phase} {.status.message}',
    );
    process.stderr.write(`${Math.round((performance.now() - began) / 1000)} s  ${phase}\n`);
  }
  const seconds = (performance.now() - began) / 1000;
  const text = await figures();
  const requests = requestsIn(text) - before;
  const size = (await plane.kubectl('get', 'nodeop', 'all', '-o', 'json')).length;
  const done = [...cluster.nodes.values()].filter(
    ({ running, written }) => running === digest && written.length === 1,
  );
  const report = {
    nodes: COUNT,
    concurrency: CONCURRENCY,
    upgradedOnce: done.length,
    seconds: Math.round(seconds),
    requests,
    requestsPerNode: Number((requests / COUNT).toFixed(1)),
    requestsPerSecond: Number((requests / seconds).toFixed(1)),
    reconcileMilliseconds: Math.round(
      (1000 * valueIn(text, /^kairos_factory_operator_reconcile_seconds_sum\{controller="NodeOp"\} (\S+)/m)) /
        valueIn(text, /^kairos_factory_operator_reconcile_seconds_count\{controller="NodeOp"\} (\S+)/m),
    ),
    processorSeconds: Math.round(valueIn(text, /^process_cpu_seconds_total (\S+)/m)),
    peakMemoryMiB: Math.round(memory / 1024 ** 2),
    statusKiB: Math.round(size / 1024),
  };
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  operator.kill('SIGTERM');
  await operator;
}
await rm(home, { recursive: true, force: true });

function valueIn(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? 0);
}

function requestsIn(text: string): number {
  return [...text.matchAll(/^kairos_factory_operator_requests_total\{[^}]*\} (\d+)/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}
