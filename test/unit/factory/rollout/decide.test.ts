import { expect, test } from 'vitest';
import { decide } from '../../../../src/factory/rollout/decide.ts';
import type { Observation } from '../../../../src/factory/rollout/observation.ts';
import { NEW, OLD } from './fleet.ts';

const node = (change: Partial<Observation> = {}): Observation => ({
  ...{ bootId: 'one', isStarting: false, active: { digest: OLD }, upgrade: undefined },
  running: { slot: 'active', version: 'v1', digest: OLD },
  ...change,
});
const waiting = { phase: 'waiting' } as const;
const rebooting = { phase: 'rebooting', bootId: 'one' } as const;
const isNew = { running: { slot: 'active', version: 'v2', digest: NEW }, active: { digest: NEW } };
const onPassive = { slot: 'passive', version: 'v1', digest: OLD };

test.each([
  ['the old system', waiting, node(), { kind: 'upgrade' }],
  ['an attempt that was interrupted', { phase: 'upgrading', bootId: 'one' }, node(), { kind: 'upgrade' }],
  ['the old system on the passive slot', waiting, node({ running: onPassive }), { kind: 'upgrade' }],
  ['the image, written and not booted', waiting, node({ active: { digest: NEW } }), { kind: 'reboot' }],
  [
    'the image, written by a killed process',
    { phase: 'upgrading', bootId: 'one' },
    node({ active: { digest: NEW } }),
    { kind: 'reboot' },
  ],
  [
    'the image, written while the passive system ran',
    rebooting,
    node({ running: onPassive, active: { digest: NEW }, upgrade: { outcome: 'fell back' } }),
    { kind: 'reboot' },
  ],
  ['the image', waiting, node(isNew), { kind: 'check health' }],
  ['the image after its reboot', rebooting, node({ ...isNew, bootId: 'two' }), { kind: 'check health' }],
  [
    'a boot that is not complete',
    rebooting,
    node({ ...isNew, upgrade: { outcome: 'booting' } }),
    { kind: 'wait', why: 'it is still starting' },
  ],
  [
    'services that start',
    rebooting,
    node({ ...isNew, isStarting: true }),
    { kind: 'wait', why: 'it is still starting' },
  ],
  [
    'slots that are locked',
    waiting,
    node({ active: { problem: 'busy' } }),
    { kind: 'wait', why: 'its slots cannot be read: busy' },
  ],
] as const)('%s', (_, record, found, expected) => {
  expect(decide(record, found, [NEW])).toEqual(expected);
});

test.each([
  [
    'a fallback',
    rebooting,
    node({
      bootId: 'two',
      running: onPassive,
      active: { digest: NEW },
      upgrade: { outcome: 'fell back', from: 'v1', to: 'v2' },
    }),
    /it fell back, .*\(upgrade from v1 to v2\); it runs v1 \(sha256:a{12}\) from the passive slot/,
  ],
  [
    'a fallback that was there before',
    waiting,
    node({ running: onPassive, active: { digest: NEW }, upgrade: { outcome: 'fell back' } }),
    /it fell back/,
  ],
  [
    'another choice in the menu',
    rebooting,
    node({ bootId: 'two', running: onPassive, active: { digest: NEW } }),
    /did not start the new system; it runs v1/,
  ],
  [
    'another system in the slot',
    rebooting,
    node({ bootId: 'two' }),
    /the active slot has another system; it runs v1/,
  ],
  [
    'a node that went back',
    { phase: 'proving', bootId: 'one' },
    node({ bootId: 'three' }),
    /it went back to v1/,
  ],
  [
    'somebody else who upgrades',
    waiting,
    node({ ...isNew, active: { digest: OLD } }),
    /another upgrade than this one/,
  ],
  [
    'a recovery system',
    waiting,
    node({ running: { slot: 'recovery' } }),
    /it runs an unknown version \(no digest\) from the recovery slot, which cannot be upgraded/,
  ],
] as const)('%s is a failure', (_, record, found, reason) => {
  expect(decide(record, found, [NEW])).toEqual({ kind: 'fail', reason: expect.stringMatching(reason) });
});

test('each platform of an index is the image', () => {
  expect(decide(waiting, node(isNew), ['sha256:index', NEW])).toEqual({ kind: 'check health' });
});
