import { expect, test } from 'vitest';
import type { Pod } from '../../../../src/factory/kubernetes/objects.ts';
import { nodeOpController } from '../../../../src/factory/node-operations/node-op-controller.ts';
import { type FakeCluster, fakeCluster } from './fake-cluster.ts';
import { nodeOp } from './operations.ts';

const drained = { cordon: true, drainOptions: { enabled: true } };

function pod(
  name: string,
  change: Partial<Pod> & Record<string, unknown> = {},
): Pod & Record<string, unknown> {
  const { metadata, ...rest } = change;
  return {
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: {
      ...{ name, namespace: 'apps' },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'rs', controller: true },
      ],
      ...metadata,
    },
    spec: { nodeName: 'a' },
    status: { phase: 'Running' },
    ...rest,
  };
}

const ownedBy = (kind: string) => ({
  name: kind.toLowerCase(),
  namespace: 'apps',
  ownerReferences:
    kind === 'Nobody' ? [] : [{ apiVersion: 'apps/v1', kind, name: 'x', uid: 'x', controller: true }],
});
const nodeStatus = (cluster: FakeCluster, node = 'a', name = 'op') =>
  cluster.operation(name).status?.nodeStatuses?.[node];
const evicted = (cluster: FakeCluster) =>
  cluster.writes.filter((write) => write.startsWith('evict ')).map((write) => write.slice(6));

test('a plain operation runs a Job on each node, and nothing else', async () => {
  const cluster = fakeCluster({ a: 'good', b: 'good' });
  cluster.put(nodeOp());
  await cluster.run();
  expect(cluster.operation('op').status).toMatchObject({
    phase: 'Completed',
    nodeStatuses: { a: { phase: 'Completed', rebootStatus: 'not-requested', message: 'done' } },
  });
  expect(cluster.all('Job')).toHaveLength(2);
  expect(cluster.all('Pod')).toHaveLength(0);
  expect(cluster.writes.filter((write) => write.includes(' Node '))).toEqual([]);
});

test('drains what may leave, and keeps the rest', async () => {
  const cluster = fakeCluster({ a: 'good' });
  cluster.put(nodeOp(drained));
  cluster.put(pod('web'));
  cluster.put(pod('elsewhere', { spec: { nodeName: 'b' } }));
  cluster.put(pod('done', { status: { phase: 'Succeeded' } }));
  cluster.put(pod('daemon', { metadata: ownedBy('DaemonSet') }));
  cluster.put(
    pod('static', { metadata: { name: 'static', annotations: { 'kubernetes.io/config.mirror': 'x' } } }),
  );
  await cluster.run();
  expect(evicted(cluster)).toEqual(['web']);
  expect(nodeStatus(cluster)?.phase).toBe('Completed');
  expect(cluster.get<never>('Node', 'a')?.['spec']).toEqual({});
});

test('a drain that never ends fails with the pod that blocks it, before anything is done', async () => {
  const cluster = fakeCluster({ a: 'good' });
  cluster.put(
    nodeOp({ ...drained, drainOptions: { enabled: true, timeoutSeconds: 60 }, rebootOnSuccess: true }),
  );
  cluster.put(pod('stuck'));
  cluster.protectedPods.add('stuck');
  await cluster.run();
  expect(nodeStatus(cluster)).toMatchObject({
    ...{
      phase: 'Failed',
      message: 'not drained within 60 s, because of apps/stuck',
      rebootStatus: 'cancelled',
    },
  });
  expect(cluster.all('Job')).toHaveLength(0);
});

test.each([
  ['Nobody', {}, 'nothing starts apps/nobody again (force)'],
  ['DaemonSet', { ignoreDaemonSets: false }, 'apps/daemonset belongs to a DaemonSet (ignoreDaemonSets)'],
])('a pod of %s is protected', async (kind, options, why) => {
  const cluster = fakeCluster({ a: 'good' });
  cluster.put(nodeOp({ ...drained, drainOptions: { enabled: true, ...options } }));
  cluster.put(pod(kind.toLowerCase(), { metadata: ownedBy(kind) }));
  await cluster.run();
  expect(nodeStatus(cluster)?.message).toBe(`cannot be drained: ${why}`);
  expect(evicted(cluster)).toEqual([]);
});

test('data in an emptyDir is protected unless the spec gives it up', async () => {
  for (const deleteEmptyDirData of [false, true]) {
    const cluster = fakeCluster({ a: 'good' });
    cluster.put(nodeOp({ ...drained, drainOptions: { enabled: true, deleteEmptyDirData } }));
    cluster.put(pod('cache', { spec: { nodeName: 'a', volumes: [{ emptyDir: {} }] } }));
    await cluster.run();
    expect(nodeStatus(cluster)?.phase).toBe(deleteEmptyDirData ? 'Completed' : 'Failed');
  }
});

test('a node that somebody has cordoned stays so', async () => {
  const cluster = fakeCluster({ a: 'good' });
  cluster.change('Node', 'a', { spec: { unschedulable: true } });
  cluster.put(nodeOp(drained));
  await cluster.run();
  expect(nodeStatus(cluster)?.phase).toBe('Completed');
  expect(cluster.get<never>('Node', 'a')?.['spec']).toEqual({ unschedulable: true });
});

test('deletion in the midst uncordons what it has cordoned, and only that', async () => {
  const cluster = fakeCluster({ a: 'good', b: 'good' });
  cluster.change('Node', 'b', { spec: { unschedulable: true } });
  cluster.put(nodeOp(drained));
  cluster.put(pod('stuck'));
  cluster.protectedPods.add('stuck');
  await cluster.run(60);
  expect(cluster.get<never>('Node', 'a')?.['spec']).toEqual({ unschedulable: true });
  const { annotations } = cluster.get<Pod>('Node', 'a')?.metadata ?? {};
  expect(annotations).toEqual({ 'operator.kairos.io/cordoned-by': 'system/op@uid-of-op' });
  cluster.change('NodeOp', 'op', {
    metadata: { finalizers: ['operator.kairos.io/uncordon', 'nodeop-reboot.kairos.io/clusterrolebinding'] },
  });
  cluster.delete('NodeOp', 'op');
  await nodeOpController(cluster.context).reconcile('system/op');
  expect(cluster.get('NodeOp', 'op')).toBeUndefined();
  expect(cluster.get<Pod>('Node', 'a')).toMatchObject({ metadata: { annotations: {} }, spec: {} });
  expect(cluster.get<never>('Node', 'b')?.['spec']).toEqual({ unschedulable: true });
});

test('two operations do not work on one node at the same time', async () => {
  const cluster = fakeCluster({ a: 'good' });
  cluster.put(nodeOp({ ...drained, rebootOnSuccess: true }, 'first'));
  await cluster.run(10);
  cluster.put(nodeOp(drained, 'second'));
  await cluster.run(10);
  expect(nodeStatus(cluster, 'a', 'first')?.phase).toBe('Running');
  expect(nodeStatus(cluster, 'a', 'second')?.phase).toBe('Pending');
  await cluster.run();
  expect(nodeStatus(cluster, 'a', 'first')?.phase).toBe('Completed');
  expect(nodeStatus(cluster, 'a', 'second')?.phase).toBe('Completed');
});

test('a spec that the schema refuses ends as failed', async () => {
  const cluster = fakeCluster({ a: 'good' });
  cluster.put(nodeOp({ command: [] }));
  await cluster.run();
  expect(cluster.operation('op').status).toMatchObject({ phase: 'Failed' });
  expect(cluster.operation('op').status?.message).toMatch(/^the spec is invalid: spec.command: /);
});

test('without a node, it waits for one', async () => {
  const cluster = fakeCluster({ a: 'good' });
  cluster.put(nodeOp({ nodeSelector: { matchLabels: { late: 'yes' } } }));
  await cluster.run(30);
  expect(cluster.operation('op').status).toMatchObject({
    phase: 'Pending',
    conditions: [{ reason: 'NoNodes' }],
  });
  cluster.change('Node', 'a', { metadata: { labels: { late: 'yes' } } });
  await cluster.run();
  expect(nodeStatus(cluster)?.phase).toBe('Completed');
});

test('nothing is written while nothing changes', async () => {
  const cluster = fakeCluster({ a: 'good' });
  cluster.put(nodeOp(drained));
  cluster.put(pod('stuck'));
  cluster.protectedPods.add('stuck');
  await cluster.run(60);
  const before = cluster.writes.filter((write) => !write.startsWith('evict')).length;
  await cluster.run(60);
  expect(cluster.writes.filter((write) => !write.startsWith('evict'))).toHaveLength(before);
});

test('a node whose chosen DaemonSet is of the last boot is not healthy', async () => {
  const cluster = fakeCluster({ a: 'good' });
  const at = (time: string) => ({
    status: {
      ...{ phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
      containerStatuses: [{ name: 'cni', state: { running: { startedAt: time } } }],
    },
  });
  const metadata = {
    ...{ name: 'cni', namespace: 'kube-system' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'cni', uid: 'x', controller: true }],
  };
  cluster.put({ ...pod('cni', { metadata }), ...at('2026-11-01T00:00:00Z') } as never);
  const health = { daemonSets: ['kube-system/cni'] };
  cluster.put(nodeOp({ rebootOnSuccess: true, health }));
  await cluster.run(600);
  expect(nodeStatus(cluster)).toMatchObject({
    ...{ phase: 'Running', step: 'Prove', message: 'DaemonSet kube-system/cni is not ready on it' },
  });
  cluster.change('Pod', 'cni', at(new Date(cluster.time()).toISOString()));
  await cluster.run();
  expect(nodeStatus(cluster)?.phase).toBe('Completed');
});
