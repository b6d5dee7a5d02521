import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createKubeApi } from '../../src/factory/kubernetes/create-kube-api.ts';
import { KIND } from '../../src/factory/kubernetes/kinds.ts';
import { loadKubeConfig } from '../../src/factory/kubernetes/load-kube-config.ts';
import type { KubeObject, Pod } from '../../src/factory/kubernetes/objects.ts';
import { createRequests } from '../../src/factory/kubernetes/request.ts';
import { type RunningControllers, runControllers } from '../../src/factory/kubernetes/run-controllers.ts';
import { nodeOperationDefinitions } from '../../src/factory/node-operations/definitions.ts';
import { NODE_OP, NODE_OP_UPGRADE } from '../../src/factory/node-operations/kinds.ts';
import { nodeOpController } from '../../src/factory/node-operations/node-op-controller.ts';
import { nodeOpUpgradeController } from '../../src/factory/node-operations/node-op-upgrade-controller.ts';
import { type ControlPlane, startControlPlane } from '../support/cluster/control-plane.ts';
import { type ContainerEnd, startKubelet, type TestKubelet } from '../support/cluster/kubelet.ts';
import { HAS_CLUSTER } from '../support/cluster/programs.ts';
import { PROJECT } from '../support/factory.ts';

const DIGEST = `sha256:${'b'.repeat(64)}`;
const NAMES = ['node-1', 'node-2', 'node-3'];

/** A node that exists only as numbers: what its pods would have done. */
interface Simulated {
  boot: number;
  noted: number | undefined;
  fallsBack: boolean;
}

const nodes = new Map<string, Simulated>();

/** What the container of a pod does on such a node. */
function act(pod: Pod, name: string): ContainerEnd {
  const node = nodes.get(name);
  const { labels = {} } = pod.metadata;
  if (node === undefined || !labels['kairos.io/reboot']) return { exitCode: 0 };
  node.noted ??= node.boot;
  if (node.noted === node.boot) {
    node.boot += 1;
    return { exitCode: 137 };
  }
  const slot = node.fallsBack ? 'passive' : 'active';
  const summary = {
    boot: `${slot}_boot`,
    running: {
      version: node.fallsBack ? 'v1' : 'v2',
      origin: { digest: node.fallsBack ? undefined : DIGEST },
    },
    slots: { active: { origin: { digest: DIGEST } } },
    upgrade: { outcome: node.fallsBack ? 'fell back' : 'booted', from: 'v1', to: 'v2' },
  };
  const id = (boot: number) => `00000000-0000-4000-8000-${String(boot).padStart(12, '0')}`;
  const lines = [`before=${id(node.noted)}`, `boot=${id(node.boot)}`, 'manager=running', 'evidence=yes'];
  return { exitCode: 0, message: [...lines, JSON.stringify(summary)].join('\n') };
}

const manifest = (object: unknown) => JSON.stringify(object);
const upgrade = (name: string, spec: Record<string, unknown>) => ({
  ...{ apiVersion: 'operator.kairos.io/v1alpha1', kind: 'NodeOpUpgrade', metadata: { name } },
  spec: { image: 'registry.example.com/os:v2', ...spec },
});

describe.skipIf(!HAS_CLUSTER)('operations on nodes at a real API server (needs its programs)', () => {
  let plane: ControlPlane;
  let kubelet: TestKubelet;
  let running: RunningControllers;
  const end = new AbortController();
  const failures: unknown[] = [];
  beforeAll(async () => {
    plane = await startControlPlane();
    const list = { apiVersion: 'v1', kind: 'List', items: nodeOperationDefinitions() };
    // The server takes long for its first answer about schemas, and kubectl waits 32 s for it.
    await plane.apply(manifest(list), '--validate=false');
    await plane.kubectl('get', '--raw', '/openapi/v2');
    await plane.kubectl('wait', '--for=condition=established', 'crd', '--all', '--timeout=60s');
    kubelet = await startKubelet({
      kubeconfig: plane.kubeconfig,
      nodes: NAMES.map((name) => ({ name, labels: { 'kairos.io/managed': 'true' } })),
      run: async ({ pod, node }) => act(pod, node),
    });
    const config = loadKubeConfig({ file: plane.kubeconfig, env: {} });
    const send = createRequests(config, { signal: end.signal });
    const kinds = [...Object.values(KIND), NODE_OP, NODE_OP_UPGRADE];
    const api = createKubeApi(send, ({ kind }) => kinds.find((each) => each.kind === kind) ?? KIND.pod);
    running = runControllers({
      ...{ config, send },
      create: (cache) => {
        const context = {
          ...{
            api,
            cache,
            now: () => Date.now(),
            ask: async () => '200',
            recordEvent: async () => undefined,
          },
          images: { command: 'busybox:latest', helper: 'busybox:latest' },
          pinImage: async () => ({ pinned: `registry.example.com/os@${DIGEST}`, digests: [DIGEST] }),
          evidence: async () => ({ 'manifest.json': 'e30=' }),
        };
        return [nodeOpController(context), nodeOpUpgradeController(context)];
      },
      events: {
        reconciled: () => undefined,
        failed: (_, __, error) => {
          // Without a status, the server was gone.
          const { status } = error as { status?: number };
          if (status !== undefined && status < 500 && status !== 409) failures.push(error);
        },
        disconnected: () => undefined,
      },
    });
    await running.synced;
  });
  afterAll(async () => {
    await running?.[Symbol.asyncDispose]();
    end.abort();
    await kubelet?.[Symbol.asyncDispose]();
    await plane?.[Symbol.asyncDispose]();
  });

  const reset = (broken: readonly string[] = []) => {
    for (const name of NAMES)
      nodes.set(name, { boot: 1, noted: undefined, fallsBack: broken.includes(name) });
  };
  const phases = (plural: string, name: string) =>
    plane.kubectl('get', plural, name, '-o', 'jsonpath={.status.phase} {.status.nodeStatuses.*.phase}');

  test('the API server fills in defaults, and refuses what the schema does not allow', async () => {
    const op = (name: string, spec: object) =>
      manifest({
        ...{ apiVersion: 'operator.kairos.io/v1alpha1', kind: 'NodeOp', metadata: { name } },
        spec: { command: ['true'], paused: true, ...spec },
      });
    await plane.apply(op('defaults', {}));
    expect(JSON.parse(await plane.kubectl('get', 'nodeop', 'defaults', '-o', 'json')).spec).toEqual({
      ...{ command: ['true'], paused: true, hostMountPath: '/host', cordon: false, concurrency: 0 },
      ...{ rebootOnSuccess: false, stopOnFailure: false, uncordonOnFailure: false },
      drainOptions: { enabled: false, force: false, ignoreDaemonSets: true, deleteEmptyDirData: false },
      health: { daemonSets: [], timeoutSeconds: 1800 },
    });
    await expect(plane.apply(op('typo', { comand: ['x'] }))).rejects.toThrow(/unknown field "spec.comand"/);
    await expect(plane.apply(op('empty', { command: [] }))).rejects.toThrow(/spec.command/);
    await expect(plane.apply(op('order', { waves: ['rest', 1] }))).rejects.toThrow(/a wave follows "rest"/);
    await expect(plane.apply(op('wave', { waves: ['many'] }))).rejects.toThrow(/spec.waves/);
    await plane.apply(op('defaults', { waves: [1, '50%', 'rest'] }));
    await expect(plane.apply(op('defaults', { command: ['false'] }))).rejects.toThrow(/command is immutable/);
    await expect(plane.apply(op('defaults', { image: 'late' }))).rejects.toThrow(/image is immutable/);
    await plane.kubectl('delete', 'nodeop', 'defaults');
  });

  test('the examples of the documentation are accepted', async () => {
    const page = await readFile(join(PROJECT, 'docs/node-operations.md'), 'utf8');
    const examples = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => text);
    expect(examples.length).toBeGreaterThan(1);
    for (const example of examples) await plane.apply(example, '--dry-run=server');
  });

  test('upgrades three nodes in two waves', async () => {
    reset();
    const nodeSelector = { matchLabels: { 'kairos.io/managed': 'true' } };
    await plane.apply(manifest(upgrade('good', { nodeSelector, waves: [1, 'rest'] })));
    await plane.kubectl('wait', '--for=condition=Complete', 'nodeopupgrade/good', '--timeout=120s');
    expect(await phases('nodeopupgrade', 'good')).toBe('Completed Completed Completed Completed');
    expect([...nodes.values()].map(({ boot }) => boot)).toEqual([2, 2, 2]);
    expect(await plane.kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].spec.unschedulable}')).toBe('');
    const reboot = await kubelet.api.list<Pod>(KIND.pod, {
      labels: 'kairos.io/nodeop=good,kairos.io/reboot',
    });
    expect(reboot.map(({ metadata }) => metadata.annotations?.['kairos.io/reboot-state'])).toEqual([
      ...['completed', 'completed', 'completed'],
    ]);
  });

  test('stops after the first node that falls back', async () => {
    reset(['node-1']);
    await plane.apply(manifest(upgrade('bad', { concurrency: 1 })));
    await plane.kubectl(
      'wait',
      '--for=jsonpath={.status.phase}=Failed',
      'nodeopupgrade/bad',
      '--timeout=120s',
    );
    expect(await phases('nodeop', 'bad')).toBe('Failed Failed Pending Pending');
    const message = await plane.kubectl('get', 'nodeop', 'bad', '-o', 'jsonpath={.status.message}');
    expect(message).toMatch(/node-1: it fell back, because the first boot of the new system failed/);
    const node = await kubelet.api.read<KubeObject & { spec?: object }>({ kind: KIND.node, name: 'node-1' });
    expect(node?.spec).toMatchObject({ unschedulable: true });
    await plane.kubectl('delete', 'nodeopupgrade', 'bad');
    await expect
      .poll(() => plane.kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].spec.unschedulable}'), {
        timeout: 60_000,
      })
      .toBe('');
    expect(await plane.kubectl('get', 'nodeops,pods', '-l', 'kairos.io/nodeop=bad', '-o', 'name')).toBe('');
  });

  test('continues after the API server was gone, and does nothing twice', async () => {
    reset();
    await plane.apply(manifest(upgrade('gone', { concurrency: 1 })));
    await expect.poll(() => nodes.get('node-1')?.boot, { timeout: 60_000 }).toBe(2);
    await plane.stopApi();
    await plane.startApi();
    await plane.kubectl('wait', '--for=condition=Complete', 'nodeopupgrade/gone', '--timeout=120s');
    expect([...nodes.values()].map(({ boot }) => boot)).toEqual([2, 2, 2]);
  });

  test('no request was refused but for a conflict', () => {
    expect(failures).toEqual([]);
  });
});
