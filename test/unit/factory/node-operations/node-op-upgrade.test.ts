import { expect, test } from 'vitest';
import { NodeOpSpec } from '../../../../src/factory/node-operations/schema.ts';
import { Killed } from './fake-api.ts';
import { type FakeCluster, fakeCluster, type Habit, NEW, PINNED } from './fake-cluster.ts';

const upgrade = (spec: Record<string, unknown> = {}) => ({
  ...{ apiVersion: 'operator.kairos.io/v1alpha1', kind: 'NodeOpUpgrade' },
  metadata: { name: 'up', namespace: 'system' },
  spec: { image: 'registry.example.com/os:v2', ...spec },
});

function clusterWith(
  habits: Readonly<Record<string, Habit>>,
  spec: Record<string, unknown> = {},
): FakeCluster {
  const cluster = fakeCluster(habits);
  cluster.put(upgrade(spec));
  return cluster;
}

const phases = (cluster: FakeCluster) =>
  Object.fromEntries(
    Object.entries(cluster.operation().status?.nodeStatuses ?? {}).map(([name, { phase }]) => [name, phase]),
  );
const isCordoned = (cluster: FakeCluster, name: string) =>
  cluster.get<never>('Node', name)?.['spec']?.['unschedulable'] === true;

test('upgrades three nodes in two waves', async () => {
  const cluster = clusterWith({ a: 'good', b: 'good', c: 'good' }, { waves: [1, 'rest'] });
  await cluster.run();
  expect(phases(cluster)).toEqual({ a: 'Completed', b: 'Completed', c: 'Completed' });
  expect(cluster.order[0]).toBe('a');
  expect(cluster.peak()).toBe(2);
  const { status } = cluster.get<never>('NodeOpUpgrade', 'up') as unknown as {
    status: Record<string, unknown>;
  };
  expect(status).toMatchObject({
    ...{ phase: 'Completed', nodeOpName: 'up', message: '3 of 3 nodes completed' },
    conditions: [{ type: 'Complete', status: 'True', reason: 'Completed' }],
    nodeStatuses: { a: { phase: 'Completed', rebootStatus: 'completed', message: 'proven' } },
  });
  for (const [name, node] of Object.entries(cluster.nodes)) {
    expect(node).toMatchObject({ running: NEW, slot: 'active', written: 1, reboots: 1 });
    expect(isCordoned(cluster, name)).toBe(false);
  }
});

test('stops after the first node that falls back, which upstream counts as upgraded', async () => {
  const cluster = clusterWith({ a: 'falls back', b: 'good', c: 'good' }, { concurrency: 1 });
  await cluster.run();
  expect(phases(cluster)).toEqual({ a: 'Failed', b: 'Pending', c: 'Pending' });
  expect(cluster.order).toEqual(['a']);
  const { phase, message, nodeStatuses } = cluster.operation().status ?? {};
  expect(phase).toBe('Failed');
  expect(nodeStatuses?.['a']?.message).toMatch(
    /^it fell back, because the first boot of the new system failed \(upgrade from v1 to v2\); it runs v1/,
  );
  expect(message).toMatch(/0 of 3 nodes completed.*stopped, because a did not prove itself after its reboot/);
  expect(isCordoned(cluster, 'a')).toBe(true);
  expect(cluster.events.some((event) => event.startsWith('NodeFailed a: it fell back'))).toBe(true);
});

test('uncordons a failed node when the spec says so', async () => {
  const cluster = clusterWith({ a: 'falls back' }, { uncordonOnFailure: true });
  await cluster.run();
  expect(isCordoned(cluster, 'a')).toBe(false);
});

test('a node that does not come back stops the rollout', async () => {
  const cluster = clusterWith(
    { a: 'never returns', b: 'good' },
    { concurrency: 1, health: { timeoutSeconds: 600 } },
  );
  await cluster.run();
  expect(phases(cluster)).toEqual({ a: 'Failed', b: 'Pending' });
  expect(cluster.operation().status?.nodeStatuses?.['a']).toMatchObject({
    message: 'it did not come back from its reboot within 600 s',
    rebootStatus: 'pending',
  });
});

test('a failure before the reboot stops only with stopOnFailure, as upstream', async () => {
  const goesOn = clusterWith({ a: 'refuses', b: 'good' }, { concurrency: 1 });
  await goesOn.run();
  expect(phases(goesOn)).toEqual({ a: 'Failed', b: 'Completed' });
  expect(goesOn.operation().status?.nodeStatuses?.['a']?.rebootStatus).toBe('cancelled');
  const stops = clusterWith({ a: 'refuses', b: 'good' }, { concurrency: 1, stopOnFailure: true });
  await stops.run();
  expect(phases(stops)).toEqual({ a: 'Failed', b: 'Pending' });
});

test.each(['ends its pods', 'boots slowly', 'old agent'] as const)(
  'a node that %s is proven',
  async (habit) => {
    const cluster = clusterWith({ a: habit });
    await cluster.run();
    expect(phases(cluster)).toEqual({ a: 'Completed' });
    expect(cluster.nodes['a']).toMatchObject({ written: 1, reboots: 1 });
  },
);

test('a node whose command of health fails is not proven', async () => {
  const health = { command: ['true'], timeoutSeconds: 300 };
  const cluster = clusterWith({ a: 'unhealthy', b: 'good' }, { waves: [1], health });
  await cluster.run();
  expect(phases(cluster)).toEqual({ a: 'Failed', b: 'Pending' });
  expect(cluster.operation().status?.nodeStatuses?.['a']?.message).toMatch(
    /not healthy within 300 s: .*a unit has failed/,
  );
});

test('a web address that answers otherwise is not healthy', async () => {
  const health = { http: { url: 'http://{address}/broken' }, timeoutSeconds: 300 };
  const cluster = clusterWith({ a: 'good' }, { health });
  await cluster.run();
  expect(cluster.operation().status?.nodeStatuses?.['a']?.message).toMatch(
    'http://192.0.2.1/broken answers 503, not 200',
  );
});

test('skips nodes that run the image', async () => {
  const cluster = clusterWith({ a: 'good' });
  Object.assign(cluster.nodes['a'] ?? {}, { running: NEW, active: NEW });
  await cluster.run();
  expect(cluster.nodes['a']).toMatchObject({ written: 0, reboots: 0 });
  expect(cluster.operation().status?.nodeStatuses?.['a']).toMatchObject({
    phase: 'Completed',
    message: `skipped: node runs ${NEW} already`,
    rebootStatus: 'cancelled',
  });
});

test('pauses and goes on', async () => {
  const cluster = clusterWith({ a: 'good', b: 'good' }, { concurrency: 1, paused: true });
  await cluster.run(120);
  expect(cluster.order).toEqual([]);
  expect(cluster.operation().status).toMatchObject({ phase: 'Pending', conditions: [{ reason: 'Paused' }] });
  cluster.change('NodeOpUpgrade', 'up', { spec: { paused: false } });
  await cluster.run(20);
  cluster.change('NodeOpUpgrade', 'up', { spec: { paused: true } });
  await cluster.run(1200);
  expect(phases(cluster)).toEqual({ a: 'Completed', b: 'Pending' });
  cluster.change('NodeOpUpgrade', 'up', { spec: { paused: false } });
  await cluster.run();
  expect(phases(cluster)).toEqual({ a: 'Completed', b: 'Completed' });
});

test('a registry that fails is asked again', async () => {
  const { FactoryError } = await import('../../../../src/common/errors/factory-error.ts');
  const cluster = clusterWith({ a: 'good' });
  const { pinImage } = cluster.context;
  const context = cluster.context as { pinImage: typeof pinImage };
  context.pinImage = () => Promise.reject(new FactoryError('IMAGE_NOT_FOUND', 'no such image'));
  await cluster.run(30);
  expect(cluster.get<never>('NodeOpUpgrade', 'up')?.['status']).toMatchObject({
    phase: 'Pending',
    message: 'no such image',
  });
  context.pinImage = pinImage;
  await cluster.run();
  expect(phases(cluster)).toEqual({ a: 'Completed' });
});

test('hands the image to a NodeOp by its digest', async () => {
  const cluster = clusterWith(
    { a: 'good' },
    { upgradeRecovery: true, upgradeActive: false, excludePaths: ["/it's"] },
  );
  await cluster.run();
  const spec = NodeOpSpec.parse(cluster.operation().spec);
  expect(spec).toMatchObject({
    image: PINNED,
    cordon: true,
    rebootOnSuccess: false,
    expect: { digests: [NEW] },
  });
  expect(spec.preflight).toBeUndefined();
  expect(spec.command[2]).toMatch(
    /^kairos-agent upgrade --recovery --source dir:\/ "\$@" --exclude-path \/etc\/hostname --exclude-path \/etc\/hosts --exclude-path '\/it'\\''s'$/m,
  );
  expect(cluster.nodes['a']?.reboots).toBe(0);
  expect(cluster.all('ConfigMap')).toMatchObject([
    { immutable: true, binaryData: { 'manifest.json': 'e30=' } },
  ]);
});

test('leaves a NodeOp of somebody else alone', async () => {
  const cluster = clusterWith({ a: 'good' });
  cluster.put({
    ...{ apiVersion: 'operator.kairos.io/v1alpha1', kind: 'NodeOp' },
    metadata: { name: 'up', namespace: 'system' },
    spec: { command: ['true'], paused: true },
  });
  await cluster.run(30);
  expect(cluster.get<never>('NodeOpUpgrade', 'up')?.['status']).toMatchObject({
    phase: 'Failed',
    message: 'a NodeOp "up" exists that does not belong to this NodeOpUpgrade',
  });
});

/** Runs a rollout whose operator dies at each of its writes, one after the other, until one run gets through. */
async function killEverywhere(
  habits: Readonly<Record<string, Habit>>,
  when: 'before' | 'after',
): Promise<{ readonly deaths: number; readonly cluster: FakeCluster }> {
  let deaths = 0;
  for (let at = 1; ; at += 1) {
    const cluster = clusterWith(habits, { waves: [1, 'rest'], health: { command: ['true'] } });
    cluster.killAt = { left: at, when };
    try {
      await cluster.run();
      return { deaths, cluster };
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      deaths += 1;
    }
    cluster.killAt = undefined;
    await cluster.run();
    for (const [name, node] of Object.entries(cluster.nodes)) {
      const hasBegun = habits['a'] === 'good' || name === 'a';
      expect([at, name, node.written, node.reboots]).toEqual([at, name, hasBegun ? 1 : 0, hasBegun ? 1 : 0]);
      expect([at, name, isCordoned(cluster, name)]).toEqual([
        at,
        name,
        habits['a'] !== 'good' && name === 'a',
      ]);
    }
    expect([at, phases(cluster)]).toEqual([
      at,
      habits['a'] === 'good'
        ? { a: 'Completed', b: 'Completed', c: 'Completed' }
        : { a: 'Failed', b: 'Pending', c: 'Pending' },
    ]);
    expect(cluster.peak()).toBeLessThanOrEqual(2);
  }
}

test.each(['before', 'after'] as const)(
  'an operator killed %s each write goes on, and does nothing twice',
  async (when) => {
    const { deaths } = await killEverywhere({ a: 'good', b: 'good', c: 'good' }, when);
    expect(deaths).toBeGreaterThan(30);
  },
);

test('an operator killed after each write stops after a fallback all the same', async () => {
  const { deaths } = await killEverywhere({ a: 'falls back', b: 'good', c: 'good' }, 'after');
  expect(deaths).toBeGreaterThan(8);
});
