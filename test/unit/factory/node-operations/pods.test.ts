import { expect, test } from 'vitest';
import { labelValue } from '../../../../src/factory/kubernetes/object-names.ts';
import { healthPod } from '../../../../src/factory/node-operations/health-pod.ts';
import { nodeObjectNames } from '../../../../src/factory/node-operations/names.ts';
import { operationJob } from '../../../../src/factory/node-operations/operation-job.ts';
import { preflightPod } from '../../../../src/factory/node-operations/preflight-pod.ts';
import { rebootPod } from '../../../../src/factory/node-operations/reboot-pod.ts';
import { REBOOT_SCRIPT } from '../../../../src/factory/node-operations/reboot-script.ts';
import { podTask } from './operations.ts';

const JOB = 'op-node-1-04a4558dc3';
const owner = {
  ...{ apiVersion: 'operator.kairos.io/v1alpha1', kind: 'NodeOp', name: 'op', uid: 'uid-of-op' },
  ...{ controller: true, blockOwnerDeletion: true },
};
const labels = { 'kairos.io/nodeop': 'op', 'kairos.io/node': 'node-1' };
const common = {
  nodeName: 'node-1',
  tolerations: [{ operator: 'Exists' }],
  ...{ automountServiceAccountToken: false, enableServiceLinks: false },
};
const hostVolume = { name: 'host', hostPath: { path: '/', type: 'Directory' } };
const readOnlyHost = { name: 'host', mountPath: '/host', readOnly: true, recursiveReadOnly: 'IfPossible' };
const looksOnly = {
  ...{ privileged: false, allowPrivilegeEscalation: false },
  capabilities: { drop: ['ALL'], add: ['DAC_READ_SEARCH', 'SYS_CHROOT'] },
};

test('the preflight sees the node, and can change nothing', () => {
  const preflight = { command: ['look'] };
  expect(preflightPod(podTask({ preflight, imagePullSecrets: [{ name: 'pull' }] }))).toEqual({
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: {
      ...{ name: `${JOB}-preflight`, namespace: 'system', ownerReferences: [owner] },
      labels: { ...labels, 'kairos.io/preflight': 'true' },
    },
    spec: {
      ...{
        ...common,
        imagePullSecrets: [{ name: 'pull' }],
        restartPolicy: 'Never',
        activeDeadlineSeconds: 120,
      },
      containers: [
        {
          ...{ name: 'preflight', image: 'busybox:latest', command: ['look'] },
          env: [{ name: 'HOST_DIR', value: '/host' }],
          ...{ volumeMounts: [readOnlyHost], securityContext: looksOnly },
        },
      ],
      volumes: [hostVolume],
    },
  });
  expect(preflightPod(podTask())).toBeUndefined();
});

test('the command has all rights of the node, and none at the API server', () => {
  const expected = { digests: [`sha256:${'b'.repeat(64)}`], evidence: 'proof' };
  const spec = { image: 'os@sha256:1', expect: expected, backoffLimit: 2, activeDeadlineSeconds: 9 };
  expect(operationJob(podTask(spec))).toEqual({
    ...{ apiVersion: 'batch/v1', kind: 'Job' },
    metadata: { name: JOB, namespace: 'system', labels, ownerReferences: [owner] },
    spec: {
      ...{ backoffLimit: 2, activeDeadlineSeconds: 9 },
      template: {
        metadata: { labels },
        spec: {
          ...{ ...common, restartPolicy: 'Never' },
          containers: [
            {
              ...{ name: 'nodeop', image: 'os@sha256:1', command: ['true'] },
              env: [
                { name: 'HOST_DIR', value: '/host' },
                { name: 'NODEOP_NOTE', value: JOB },
              ],
              volumeMounts: [
                { name: 'host', mountPath: '/host' },
                { name: 'evidence', mountPath: '/run/kairos-evidence', readOnly: true },
              ],
              securityContext: { privileged: true },
            },
          ],
          volumes: [hostVolume, { name: 'evidence', configMap: { name: 'proof' } }],
        },
      },
    },
  });
});

test('the pod that reboots enters the node, and has no rights at the API server', () => {
  expect(rebootPod(podTask())).toEqual({
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: {
      ...{ name: `${JOB}-reboot`, namespace: 'system', ownerReferences: [owner] },
      labels: { ...labels, 'kairos.io/reboot': 'true' },
    },
    spec: {
      ...{ ...common, restartPolicy: 'OnFailure', hostPID: true, terminationGracePeriodSeconds: 2 },
      containers: [
        {
          ...{ name: 'reboot', image: 'helper:1', command: ['/bin/sh', '-c', REBOOT_SCRIPT] },
          env: [
            { name: 'HOST_DIR', value: '/host' },
            { name: 'NODEOP_NOTE', value: JOB },
          ],
          volumeMounts: [{ name: 'host', mountPath: '/host' }],
          securityContext: { privileged: true },
        },
      ],
      volumes: [hostVolume],
    },
  });
  const expected = { digests: [`sha256:${'b'.repeat(64)}`] };
  const pod = rebootPod(podTask({ image: 'os@sha256:1', expect: expected }));
  expect(pod.spec).toMatchObject({ containers: [{ image: 'os@sha256:1' }] });
});

test('the command of health sees the node, and can change nothing', () => {
  const pod = healthPod(podTask({ health: { command: ['check'], image: 'tools:1' } }));
  expect(pod?.spec).toEqual({
    ...{ ...common, restartPolicy: 'Never', activeDeadlineSeconds: 120 },
    containers: [
      {
        ...{ name: 'health', image: 'tools:1', command: ['check'] },
        env: [{ name: 'HOST_DIR', value: '/host' }],
        ...{ volumeMounts: [readOnlyHost], securityContext: looksOnly },
        terminationMessagePolicy: 'FallbackToLogsOnError',
      },
    ],
    volumes: [hostVolume],
  });
});

test('names are the same each time, fit, and are those of one object', () => {
  const long = { name: 'o'.repeat(253), uid: 'one' };
  const names = nodeObjectNames(long, `node.${'n'.repeat(60)}.example.com`);
  expect(names.job).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])$/);
  expect(nodeObjectNames(long, 'node-1')).toEqual(nodeObjectNames({ ...long }, 'node-1'));
  expect(nodeObjectNames({ ...long, uid: 'two' }, 'node-1').job).not.toBe(
    nodeObjectNames(long, 'node-1').job,
  );
  expect(nodeObjectNames(long, 'node-2').job).not.toBe(nodeObjectNames(long, 'node-1').job);
  expect(labelValue('node-1')).toBe('node-1');
  expect(labelValue('n'.repeat(64))).toMatch(/^n{52}-[0-9a-f]{10}$/);
});
