import { expect, test } from 'vitest';
import { nodeOperationDefinitions } from '../../../../src/factory/node-operations/definitions.ts';
import { NodeOpSpec, NodeOpUpgradeSpec } from '../../../../src/factory/node-operations/schema.ts';

test('a NodeOp has the defaults of upstream', () => {
  expect(NodeOpSpec.parse({ command: ['true'] })).toEqual({
    ...{ command: ['true'], hostMountPath: '/host', cordon: false, uncordonOnFailure: false },
    drainOptions: { enabled: false, force: false, ignoreDaemonSets: true, deleteEmptyDirData: false },
    ...{ rebootOnSuccess: false, concurrency: 0, stopOnFailure: false },
    // Ours.
    ...{ paused: false, health: { daemonSets: [], timeoutSeconds: 1800 } },
  });
  expect(NodeOpSpec.parse({ command: ['x'], preflight: { command: ['y'] } }).preflight).toEqual({
    ...{ command: ['y'], activeDeadlineSeconds: 120 },
  });
});

test('a NodeOpUpgrade has the defaults of upstream', () => {
  expect(NodeOpUpgradeSpec.parse({ image: 'os:1' })).toEqual({
    ...{ image: 'os:1', upgradeRecovery: false, upgradeActive: true, force: false, debug: false },
    ...{ uncordonOnFailure: false, concurrency: 0, stopOnFailure: false },
    // Ours.
    ...{ paused: false, health: { daemonSets: [], timeoutSeconds: 1800 } },
  });
});

test.each([
  ['no command', { command: [] }],
  ['an unknown field', { command: ['x'], comand: ['y'] }],
  ['a relative path', { command: ['x'], hostMountPath: 'host' }],
  ['a wave of none', { command: ['x'], waves: [0] }],
  ['a wave of too much', { command: ['x'], waves: ['101%'] }],
  ['a URL with a password', { command: ['x'], health: { http: { url: 'http://user:secret@host/' } } }],
  [
    'an operator of selectors',
    { command: ['x'], nodeSelector: { matchExpressions: [{ key: 'a', operator: 'Is' }] } },
  ],
  ['no digest', { command: ['x'], expect: { digests: ['v2'] } }],
])('refuses %s', (_, spec) => {
  expect(NodeOpSpec.safeParse(spec).success).toBe(false);
});

test('both kinds have a manifest that makes them known', () => {
  const [op, upgrade] = nodeOperationDefinitions();
  expect(op?.metadata.name).toBe('nodeops.operator.kairos.io');
  expect(upgrade?.metadata.name).toBe('nodeopupgrades.operator.kairos.io');
  expect(op).toMatchObject({
    spec: {
      ...{ group: 'operator.kairos.io', scope: 'Namespaced', names: { kind: 'NodeOp', singular: 'nodeop' } },
      versions: [{ name: 'v1alpha1', subresources: { status: {} } }],
    },
  });
});
