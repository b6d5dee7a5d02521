import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Node, Pod } from '../../../../src/factory/kubernetes/objects.ts';
import { FACTS_SCRIPT, parseNodeFacts } from '../../../../src/factory/node-operations/node-facts.ts';
import {
  factsPod,
  nodeLabelController,
} from '../../../../src/factory/node-operations/node-label-controller.ts';
import { bootId, fakeCluster } from './fake-cluster.ts';

const RELEASE = `KAIROS_ID="kairos"
KAIROS_FLAVOR="debian"
KAIROS_FLAVOR_RELEASE="13"
KAIROS_RELEASE="v1.2.3+k3s 1"
KAIROS_FIPS='false'
KAIROS_HOME_URL="https://example.com"
SECRET="x"
`;
const LABELS = {
  ...{ 'kairos.io/managed': 'true', 'kairos.io/boot-state': 'passive', 'kairos.io/id': 'kairos' },
  ...{ 'kairos.io/flavor': 'debian', 'kairos.io/flavor-release': '13', 'kairos.io/fips': 'false' },
  'kairos.io/release': 'v1.2.3-k3s-1',
};

test.each([['sh'], ['busybox']])('a node says what it runs (%s)', (shell) => {
  const home = mkdtempSync(join(tmpdir(), 'kairos-facts-'));
  const read = () => {
    const args = shell === 'busybox' ? ['sh', '-c', FACTS_SCRIPT] : ['-c', FACTS_SCRIPT];
    const env = { PATH: process.env['PATH'] ?? '', HOST_DIR: home, TERMINATION_LOG: join(home, 'log') };
    spawnSync(shell, args, { env: { ...env, BOOT_ID: join(home, 'boot_id') } });
    return parseNodeFacts(readFileSync(join(home, 'log'), 'utf8'));
  };
  try {
    mkdirSync(join(home, 'etc'));
    mkdirSync(join(home, 'run/cos'), { recursive: true });
    writeFileSync(join(home, 'boot_id'), `${bootId(1)}\n`);
    writeFileSync(join(home, 'run/cos/passive_mode'), '1');
    writeFileSync(join(home, 'etc/os-release'), 'ID=debian\n');
    expect(read()).toEqual({ bootId: bootId(1), labels: {} });
    writeFileSync(join(home, 'etc/kairos-release'), RELEASE);
    expect(read()).toEqual({ bootId: bootId(1), labels: LABELS });
  } finally {
    rmSync(home, { recursive: true });
  }
});

test('labels are read once in each boot, and those that a node has no more are removed', async () => {
  const cluster = fakeCluster({ a: 'good' });
  const context = { ...cluster.context, namespace: 'system', image: 'busybox:latest' };
  const { reconcile } = nodeLabelController(context);
  const step = async () => {
    cluster.sync();
    await reconcile('/a');
  };
  const answer = (message: string, phase = 'Succeeded') => {
    const [pod] = cluster.all<Pod>('Pod');
    const containerStatuses = [{ name: 'facts', state: { terminated: { exitCode: 0, message } } }];
    cluster.change('Pod', pod?.metadata.name ?? '', { status: { phase, containerStatuses } });
  };
  const node = () => cluster.get<Node>('Node', 'a')?.metadata;
  cluster.change('Node', 'a', { metadata: { labels: { own: 'kept', 'kairos.io/model': 'old' } } });
  await step();
  await step();
  expect(cluster.all('Pod')).toHaveLength(1);
  answer('', 'Failed');
  await step();
  expect(cluster.all('Pod')).toHaveLength(0);
  await step();
  answer(`boot=${bootId(1)}\nstate=passive\n${RELEASE}`);
  await step();
  expect(cluster.all('Pod')).toHaveLength(0);
  expect(node()?.labels).toEqual({ own: 'kept', ...LABELS });
  await step();
  expect(cluster.all('Pod')).toHaveLength(0);
  cluster.change('Node', 'a', { status: { nodeInfo: { bootID: bootId(2) } } });
  await step();
  expect(cluster.all('Pod')).toHaveLength(1);
});

test('the pod that looks at a node can change nothing', () => {
  const node: Node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a', uid: 'one' } };
  expect(factsPod({ namespace: 'system', image: 'busybox' }, node).spec).toMatchObject({
    ...{ nodeName: 'a', automountServiceAccountToken: false },
    containers: [
      {
        volumeMounts: [{ name: 'host', mountPath: '/host', readOnly: true, recursiveReadOnly: 'IfPossible' }],
        securityContext: {
          ...{ privileged: false, allowPrivilegeEscalation: false },
          capabilities: { drop: ['ALL'], add: ['DAC_READ_SEARCH', 'SYS_CHROOT'] },
        },
      },
    ],
  });
});
