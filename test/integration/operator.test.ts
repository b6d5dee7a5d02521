import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../../src/factory/boot/forward.ts';
import { type ControlPlane, startControlPlane } from '../support/cluster/control-plane.ts';
import { startKubelet, type TestKubelet } from '../support/cluster/kubelet.ts';
import { HAS_CLUSTER } from '../support/cluster/programs.ts';
import { type ScriptedNodes, scriptedNodes } from '../support/cluster/scripted-nodes.ts';
import { MEASURED, PROJECT, TEST_HOME } from '../support/factory.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const NODES = ['node-1', 'node-2', 'node-3'];
const OLD = `sha256:${'a'.repeat(64)}`;
/** Milliseconds within which something has to happen on a busy machine. */
const SOON = 90_000;
const NAMESPACE = 'fleet';

/** The status of an upgrade, as the API server has it. */
interface Status {
  readonly phase?: string;
  readonly message?: string;
  readonly nodeStatuses?: Readonly<Record<string, { readonly phase: string; readonly message?: string }>>;
}

/** The real API server, the real program with the rights of deploy/operator; nodes are scripts of the test. */
describe.skipIf(!HAS_CLUSTER)('the operator at a real API server (needs its programs)', () => {
  let home: string;
  let plane: ControlPlane;
  let registry: TestRegistry;
  let account: string;
  let configuration: string;
  let kubelet: TestKubelet;
  let cluster: ScriptedNodes;
  let image: string;
  let digest: string;

  beforeAll(async () => {
    home = await mkdtemp(join(TEST_HOME, 'operator-'));
    [plane, registry] = await Promise.all([startControlPlane(), startRegistry()]);
    digest = await registry.pushImage('fleet/os', 'a layer', 'v2');
    image = `${registry.host}/fleet/os:v2`;
    configuration = join(home, 'kairos-factory.yaml');
    await writeFile(
      configuration,
      JSON.stringify({ registries: [{ registry: registry.host, insecure: true }] }),
    );
    await plane.kubectl('apply', '-k', join(PROJECT, 'deploy/operator'));
    await plane.kubectl('wait', '--for=condition=established', 'crd', '--all', '--timeout=60s');
    await plane.kubectl('create', 'namespace', NAMESPACE);
    account = await accountConfig(plane, home);
  });
  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
    await plane?.[Symbol.asyncDispose]();
    if (home) await rm(home, { recursive: true, force: true });
  });
  beforeEach(async () => {
    cluster = scriptedNodes(NODES, OLD);
    kubelet = await startKubelet({
      kubeconfig: plane.kubeconfig,
      nodes: NODES.map((name) => ({ name, labels: { role: 'edge' } })),
      ...{ run: cluster.run, bootId: cluster.bootId },
    });
  });
  afterEach(async () => {
    await plane.kubectl(
      'delete',
      'nodeopupgrades,nodeops,pods,jobs,pdb',
      '--all',
      '-n',
      NAMESPACE,
      '--wait=false',
    );
    await plane.kubectl('delete', 'nodes', '--all');
    await kubelet[Symbol.asyncDispose]();
  });

  /** Starts the program; it ends with the test. */
  function startOperator(...args: readonly string[]) {
    const child = execa(
      join(PROJECT, 'bin/kairos-factory'),
      ['operator', '--kubeconfig', account, '--config', configuration, ...args],
      {
        env: { ...MEASURED, KAIROS_FACTORY_CACHE: join(home, 'cache') },
        reject: false,
        stdin: 'ignore',
        all: true,
      },
    );
    return {
      child,
      stop: async (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM') => {
        child.kill(signal);
        return await child;
      },
      [Symbol.asyncDispose]: async () => {
        child.kill('SIGKILL');
        await child;
      },
    };
  }
  const upgrade = (name: string, spec: object = {}) =>
    plane.apply(
      JSON.stringify({
        ...{
          apiVersion: 'operator.kairos.io/v1alpha1',
          kind: 'NodeOpUpgrade',
          metadata: { name, namespace: NAMESPACE },
        },
        spec: { image, nodeSelector: { matchLabels: { role: 'edge' } }, ...spec },
      }),
    );
  const statusOf = async (name: string, kind = 'nodeopupgrade'): Promise<Status> =>
    JSON.parse((await plane.kubectl('get', kind, name, '-n', NAMESPACE, '-o', 'jsonpath={.status}')) || '{}');
  const phases = ({ nodeStatuses = {} }: Status) =>
    Object.fromEntries(Object.entries(nodeStatuses).map(([name, { phase }]) => [name, phase]));
  const ended = async (name: string, kind?: string): Promise<Status> => {
    let status: Status = {};
    await expect
      .poll(
        async () => {
          status = await statusOf(name, kind);
          return status.phase;
        },
        { timeout: SOON, interval: 300 },
      )
      .toMatch(/Completed|Failed/);
    return status;
  };
  const nodeState = async () =>
    (
      await plane.kubectl(
        'get',
        'nodes',
        '-o',
        'jsonpath={range .items[*]}{.metadata.name}={.spec.unschedulable} {end}',
      )
    ).trim();
  const uncordoned = 'node-1= node-2= node-3=';

  test('upgrades three nodes in two waves, each once, and leaves them uncordoned', async () => {
    await using _operator = startOperator();
    await upgrade('good', { waves: [1], concurrency: 2 });
    const status = await ended('good');
    expect(status).toMatchObject({ phase: 'Completed' });
    expect(phases(status)).toEqual({ 'node-1': 'Completed', 'node-2': 'Completed', 'node-3': 'Completed' });
    for (const node of cluster.nodes.values())
      expect([node.running, node.written.length, node.reboots.length]).toEqual([digest, 1, 1]);
    expect(await nodeState()).toBe(uncordoned);
    const reboots = await plane.kubectl(
      ...['get', 'pods', '-n', NAMESPACE, '-l', 'kairos.io/reboot', '-o'],
      'jsonpath={range .items[*]}{.metadata.annotations.kairos\\.io/reboot-state} {end}',
    );
    expect(reboots.trim()).toBe('completed completed completed');
    const events = await plane.kubectl('events', '-n', NAMESPACE, '--for=nodeopupgrade/good', '--no-headers');
    expect(events).toContain(`upgrades to ${registry.host}/fleet/os@${digest}`);
  }, 240_000);

  test('stops after the first node when an image does not boot; that node is on its old system', async () => {
    const [first] = cluster.nodes.values();
    if (first) first.habit = 'falls back';
    await using _operator = startOperator();
    await upgrade('broken', { concurrency: 1 });
    const status = await ended('broken');
    expect(status.phase).toBe('Failed');
    expect(phases(status)).toEqual({ 'node-1': 'Failed', 'node-2': 'Pending', 'node-3': 'Pending' });
    expect(status.nodeStatuses?.['node-1']?.message).toMatch(/fell back/);
    expect([...cluster.nodes.values()].map(({ running }) => running)).toEqual([OLD, OLD, OLD]);
    expect([...cluster.nodes.values()].map(({ written }) => written.length)).toEqual([1, 0, 0]);
  }, 240_000);

  test('killed again and again, it goes on where it was, and does nothing twice', async () => {
    await upgrade('killed', { concurrency: 1 });
    const end = Date.now() + 180_000;
    let kills = 0;
    for (;;) {
      const operator = startOperator();
      await setTimeout(900 + Math.round(Math.random() * 1200));
      await operator.stop('SIGKILL');
      kills += 1;
      if (/Completed|Failed/.test((await statusOf('killed')).phase ?? '') || Date.now() > end) break;
    }
    process.stderr.write(`the operator was killed ${kills} times\n`);
    expect(kills).toBeGreaterThan(2);
    const status = await statusOf('killed');
    expect(phases(status)).toEqual({ 'node-1': 'Completed', 'node-2': 'Completed', 'node-3': 'Completed' });
    for (const node of cluster.nodes.values())
      expect([node.running, node.written.length, node.reboots.length]).toEqual([digest, 1, 1]);
  }, 300_000);

  test('a node that does not come back in its time fails, and stops the rollout', async () => {
    await using _operator = startOperator();
    await upgrade('lost', { concurrency: 1, health: { timeoutSeconds: 15 } });
    await expect.poll(() => cluster.nodes.get('node-1')?.reboots.length, { timeout: SOON }).toBe(1);
    await kubelet.setReady('node-1', false);
    const status = await ended('lost');
    expect(phases(status)).toEqual({ 'node-1': 'Failed', 'node-2': 'Pending', 'node-3': 'Pending' });
    expect(status.nodeStatuses?.['node-1']?.message).toMatch(/15 s|15 seconds|in time|within/);
    await kubelet.setReady('node-1', true);
  }, 240_000);

  test('a drain that never ends names the pod that blocks it', async () => {
    const labels = { app: 'precious' };
    const spec = {
      restartPolicy: 'Always',
      nodeName: 'node-1',
      containers: [{ name: 'main', image: 'x', command: ['stay'] }],
    };
    await plane.apply(
      [
        { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'precious', namespace: NAMESPACE, labels }, spec },
        {
          ...{
            apiVersion: 'policy/v1',
            kind: 'PodDisruptionBudget',
            metadata: { name: 'precious', namespace: NAMESPACE },
          },
          spec: { maxUnavailable: 0, selector: { matchLabels: labels } },
        },
      ]
        .map((object) => JSON.stringify(object))
        .join('\n---\n'),
    );
    await using _operator = startOperator();
    await plane.apply(
      JSON.stringify({
        ...{
          apiVersion: 'operator.kairos.io/v1alpha1',
          kind: 'NodeOp',
          metadata: { name: 'drain', namespace: NAMESPACE },
        },
        spec: {
          ...{
            image: 'tool',
            command: ['true'],
            nodeSelector: { matchLabels: { 'kubernetes.io/hostname': 'node-1' } },
          },
          ...{ cordon: true, uncordonOnFailure: true },
          drainOptions: { enabled: true, force: true, timeoutSeconds: 6 },
        },
      }),
    );
    const status = await ended('drain', 'nodeop');
    expect(phases(status)).toEqual({ 'node-1': 'Failed' });
    expect(status.nodeStatuses?.['node-1']?.message).toContain(`${NAMESPACE}/precious`);
    expect(await nodeState()).toBe(uncordoned);
    expect(cluster.nodes.get('node-1')?.written).toEqual([]);
  }, 240_000);

  test('goes on after the API server was gone', async () => {
    await using operator = startOperator();
    await upgrade('outage', { concurrency: 1 });
    await expect.poll(() => cluster.nodes.get('node-1')?.written.length, { timeout: SOON }).toBe(1);
    await plane.stopApi();
    await setTimeout(5000);
    await plane.startApi();
    const status = await ended('outage');
    expect(phases(status)).toEqual({ 'node-1': 'Completed', 'node-2': 'Completed', 'node-3': 'Completed' });
    for (const node of cluster.nodes.values())
      expect([node.written.length, node.reboots.length]).toEqual([1, 1]);
    expect((await operator.stop()).exitCode).toBe(0);
  }, 300_000);

  test('of two replicas one works; the other takes over, and both are probed and measured', async () => {
    const [first, second] = [await freePort(), await freePort()];
    const replica = (port: number) =>
      startOperator('--lease', 'kairos-factory/kairos-factory-operator', '--metrics', `127.0.0.1:${port}`);
    const leads = async (port: number) => {
      const answer = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined);
      return /^kairos_factory_operator_leader (\d)$/m.exec((await answer?.text()) ?? '')?.[1];
    };
    await using one = replica(first);
    await expect.poll(() => leads(first), { timeout: SOON }).toBe('1');
    await using _two = replica(second);
    await expect.poll(() => leads(second), { timeout: SOON }).toBe('0');
    await one.stop();
    await expect.poll(() => leads(second), { timeout: SOON }).toBe('1');
  }, 240_000);

  test('a spec with a mistake is refused by the API server, with the field', async () => {
    await expect(upgrade('unknown', { imgae: 'x' })).rejects.toThrow(/unknown field "spec.imgae"/);
    await expect(upgrade('waves', { waves: ['rest', 1] })).rejects.toThrow(/a wave follows/);
    await expect(upgrade('image', { image: '' })).rejects.toThrow(/spec\.image/);
  });
});

/** A kubeconfig with the rights of the operator's service account, and no others. */
async function accountConfig(
  { kubeconfig, server, ca, kubectl }: ControlPlane,
  home: string,
): Promise<string> {
  const token = await kubectl(
    'create',
    'token',
    'kairos-factory-operator',
    '-n',
    'kairos-factory',
    '--duration=4h',
  );
  const config = JSON.parse(await readFile(kubeconfig, 'utf8')) as object;
  const file = join(home, 'account.kubeconfig');
  const users = [{ name: 'admin', user: { token: token.trim() } }];
  const clusters = [{ name: 'test', cluster: { server, 'certificate-authority': ca } }];
  await writeFile(file, JSON.stringify({ ...config, users, clusters }), { mode: 0o600 });
  return file;
}
