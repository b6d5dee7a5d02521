import type { Job, KubeObject, Pod } from '../../../../src/factory/kubernetes/objects.ts';
import { NODE_OP, NODE_OP_UPGRADE } from '../../../../src/factory/node-operations/kinds.ts';
import { nodeOpController } from '../../../../src/factory/node-operations/node-op-controller.ts';
import {
  nodeOpUpgradeController,
  type UpgradeContext,
} from '../../../../src/factory/node-operations/node-op-upgrade-controller.ts';
import type { NodeOp } from '../../../../src/factory/node-operations/pod-parts.ts';
import { type FakeApi, fakeApi, Killed } from './fake-api.ts';

export const NEW = `sha256:${'b'.repeat(64)}`;
export const OLD = `sha256:${'a'.repeat(64)}`;
export const PINNED = `registry.example.com/os@${NEW}`;

/** What a simulated node does with an image. */
export type Habit =
  | 'good'
  | 'falls back'
  | 'never returns'
  | 'refuses'
  | 'unhealthy'
  | 'ends its pods'
  | 'boots slowly'
  | 'old agent';

export interface FakeNode {
  readonly habit: Habit;
  boot: number;
  slot: 'active' | 'passive';
  running: string;
  active: string;
  /** Kept on its disk. */
  note: { boot?: number; done?: boolean };
  downUntil: number;
  /** How often a system was written, and the node rebooted. */
  written: number;
  reboots: number;
  /** Written, and not known to be healthy since. */
  isDisturbed: boolean;
}

/** Nodes, kubelets and the controller of Jobs, as far as the operator notices them, and the operator. */
export interface FakeCluster extends FakeApi {
  readonly nodes: Readonly<Record<string, FakeNode>>;
  readonly context: UpgradeContext;
  readonly events: string[];
  /** The most nodes that were disturbed at the same time, and the order in which they were written. */
  readonly peak: () => number;
  readonly order: string[];
  /** Runs operator and cluster until nothing changes any more, at most this many seconds. */
  readonly run: (seconds?: number) => Promise<void>;
  readonly operation: (name?: string) => NodeOp;
  readonly time: () => number;
}

const TICK = 5;

export function fakeCluster(habits: Readonly<Record<string, Habit>>): FakeCluster {
  let time = Date.parse('2026-12-01T00:00:00Z');
  const fake = fakeApi(() => time);
  const nodes = Object.fromEntries(Object.entries(habits).map(([name, habit]) => [name, newNode(habit)]));
  const events: string[] = [];
  const order: string[] = [];
  let peak = 0;
  for (const name of Object.keys(nodes))
    fake.put({
      ...{ apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { 'kairos.io/managed': 'true' } } },
      spec: {},
      status: {
        conditions: [{ type: 'Ready', status: 'True' }],
        addresses: [{ type: 'InternalIP', address: '192.0.2.1' }],
        nodeInfo: { bootID: bootId(1) },
      },
    });
  const context: UpgradeContext = {
    ...{ api: fake.api, cache: fake.cache, now: () => time },
    images: { command: 'busybox:latest', helper: 'helper:1' },
    ask: async (url) => (url.includes('broken') ? '503' : '200'),
    recordEvent: async ({ reason, message }) => {
      events.push(`${reason} ${message}`);
    },
    pinImage: async () => ({ pinned: PINNED, digests: [NEW] }),
    evidence: async () => ({ 'manifest.json': 'e30=' }),
  };
  const controllers = [nodeOpUpgradeController(context), nodeOpController(context)];

  const kubelet = () => {
    for (const [name, node] of Object.entries(nodes)) {
      const isUp = time >= node.downUntil;
      fake.change('Node', name, {
        status: {
          conditions: [{ type: 'Ready', status: isUp ? 'True' : 'Unknown' }],
          ...(isUp && { nodeInfo: { bootID: bootId(node.boot) } }),
        },
      });
      if (!isUp) continue;
      for (const pod of fake.all<Pod>('Pod'))
        if (pod.spec?.nodeName === name) runPod(fake, node, pod, () => time);
    }
    for (const job of fake.all<Job>('Job')) runJob(job);
  };
  const runJob = (job: Job) => {
    const name = job.metadata.labels?.['kairos.io/node'] ?? '';
    const node = nodes[name];
    if (job.status?.conditions !== undefined || node === undefined || time < node.downUntil) return;
    if (node.habit !== 'refuses' && !node.note.done) {
      node.note.done = true;
      node.written += 1;
      node.active = NEW;
      node.isDisturbed = true;
      order.push(name);
      peak = Math.max(peak, Object.values(nodes).filter(({ isDisturbed }) => isDisturbed).length);
    }
    const type = node.habit === 'refuses' ? 'Failed' : 'Complete';
    const lastTransitionTime = new Date(time).toISOString();
    fake.change('Job', job.metadata.name, {
      status: { conditions: [{ type, status: 'True', lastTransitionTime }] },
    });
  };
  const reconcile = async (index: number, { metadata }: KubeObject) => {
    // Twice with the same cache: what watches report comes late.
    for (let round = 0; round < 2; round += 1)
      await controllers[index]
        ?.reconcile(`${metadata.namespace}/${metadata.name}`)
        .catch((error: unknown) => {
          if (error instanceof Killed || (error as { status?: number }).status !== 409) throw error;
        });
  };
  const reconcileAll = async () => {
    for (const [index, { kind }] of [NODE_OP_UPGRADE, NODE_OP].entries())
      for (const object of fake.all<KubeObject>(kind)) await reconcile(index, object);
  };
  const isOver = () =>
    [...fake.all<NodeOp>('NodeOp'), ...fake.all<NodeOp>('NodeOpUpgrade')].every(
      ({ metadata, status }) =>
        /Completed|Failed/.test(status?.phase ?? '') && metadata.deletionTimestamp === undefined,
    );
  const cluster: FakeCluster = {
    ...fake,
    ...{ nodes, context, events, order },
    peak: () => peak,
    time: () => time,
    operation: (name = 'up') => {
      const op = fake.get<NodeOp>('NodeOp', name);
      if (op === undefined) throw new RangeError(`no NodeOp ${name}`);
      return op;
    },
    run: async (seconds = 7200) => {
      const end = time + seconds * 1000;
      while (time < end) {
        fake.sync();
        await reconcileAll();
        for (const [name, node] of Object.entries(nodes))
          if (fake.get<NodeOp>('NodeOp', 'up')?.status?.nodeStatuses?.[name]?.phase === 'Completed')
            node.isDisturbed = false;
        if (isOver()) return;
        kubelet();
        time += TICK * 1000;
      }
    },
  };
  // The fake's switch is a property of the one object that the writes look at.
  Object.defineProperty(cluster, 'killAt', {
    get: () => fake.killAt,
    set: (value: FakeApi['killAt']) => {
      fake.killAt = value;
    },
  });
  return cluster;
}

function newNode(habit: Habit): FakeNode {
  return {
    ...{ habit, boot: 1, slot: 'active', running: OLD, active: OLD, note: {}, downUntil: 0 },
    ...{ written: 0, reboots: 0, isDisturbed: false },
  };
}

/** A boot id of this node. */
export function bootId(boot: number): string {
  return `00000000-0000-4000-8000-${String(boot).padStart(12, '0')}`;
}

function runPod(fake: FakeApi, node: FakeNode, pod: Pod, now: () => number): void {
  const { name, labels = {}, deletionTimestamp } = pod.metadata;
  const { phase = 'Pending' } = pod.status ?? {};
  if (deletionTimestamp !== undefined) fake.delete('Pod', name);
  else if (phase !== 'Succeeded' && phase !== 'Failed') {
    const status = podStatus(node, labels, now());
    if (status !== undefined) fake.change('Pod', name, { status });
  }
}

function podStatus(node: FakeNode, labels: Readonly<Record<string, string>>, now: number) {
  const finishedAt = new Date(now).toISOString();
  const ended = (phase: 'Succeeded' | 'Failed', message: string) => {
    const terminated = { exitCode: phase === 'Failed' ? 1 : 0, message, finishedAt };
    return { phase, containerStatuses: [{ name: 'it', state: { terminated } }] };
  };
  if (labels['kairos.io/preflight'])
    return ended(
      'Succeeded',
      node.running === NEW && node.slot === 'active' ? `node runs ${NEW} already` : '',
    );
  if (labels['kairos.io/health'])
    return node.habit === 'unhealthy' ? ended('Failed', 'a unit has failed') : ended('Succeeded', '');
  if (!labels['kairos.io/reboot']) return undefined;
  node.note.boot ??= node.boot;
  if (node.note.boot !== node.boot) return ended('Succeeded', reportOf(node, now));
  // As the shell of the pod does: once for each boot that is the noted one.
  node.reboots += 1;
  node.boot += 1;
  node.downUntil = node.habit === 'never returns' ? Number.POSITIVE_INFINITY : now + 30_000;
  node.slot = node.habit === 'falls back' ? 'passive' : 'active';
  if (node.habit !== 'falls back') node.running = node.active;
  return node.habit === 'ends its pods'
    ? ended('Failed', 'Pod was terminated in response to imminent node shutdown.')
    : { phase: 'Running' };
}

/** What the script of the reboot pod writes. */
function reportOf(node: FakeNode, now: number): string {
  const { note, boot, slot, running, active, habit } = node;
  const version = running === NEW ? 'v2' : 'v1';
  const isStarting = habit === 'boots slowly' && now < node.downUntil + 120_000;
  const origin = (digest: string) => ({ origin: { digest } });
  const summary = {
    boot: `${slot}_boot`,
    running: { version, ...origin(running) },
    slots: { active: origin(active) },
    upgrade: { outcome: slot === 'passive' ? 'fell back' : 'booted', from: 'v1', to: 'v2' },
  };
  const isOld = habit === 'old agent';
  return [
    `before=${bootId(note.boot ?? 0)}`,
    `boot=${bootId(boot)}`,
    `booted=${Math.floor(node.downUntil / 1000)}`,
    `manager=${isStarting ? 'starting' : 'running'}`,
    `slot=${slot}`,
    `version=${version}`,
    'expected=v2',
    `evidence=${isOld ? 'no' : 'yes'}`,
    isOld ? '' : JSON.stringify(summary),
  ].join('\n');
}
