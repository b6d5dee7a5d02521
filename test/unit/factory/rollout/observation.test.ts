import { expect, test } from 'vitest';
import { nodeText, parseObservation } from '../../../../src/factory/rollout/observation.ts';
import { NEW } from './fleet.ts';

const BOOT = '0b0c6d3a-9a39-4f1c-9a52-1f0a5d1d7c11';
const origin = { by: 'upgrade', source: 'oci:os', written: '2026-01-01T00:00:00Z', digest: NEW };
const summary = {
  boot: 'active_boot',
  running: { version: 'v2', name: 'os', origin },
  slots: { active: { version: 'v2', origin }, passive: { problem: 'there is no system' } },
  upgrade: { when: '2026-01-01T00:00:00Z', to: 'v2', source: 'oci:os', outcome: 'booted' },
};
const printed = (change: object = {}, manager = 'running') =>
  `${BOOT}\n${manager}\n${JSON.stringify({ ...summary, ...change }, null, 2)}\n`;

test('what a node says', () => {
  expect(parseObservation(printed())).toEqual({
    bootId: BOOT,
    isStarting: false,
    running: { slot: 'active', version: 'v2', digest: NEW },
    active: { digest: NEW },
    upgrade: { outcome: 'booted', when: '2026-01-01T00:00:00Z', to: 'v2' },
  });
});

test.each([
  ['a boot under way', printed({}, 'starting'), { isStarting: true }],
  ['no systemd', printed({}, ''), { isStarting: false }],
  [
    'slots that are locked',
    printed({ slots: { active: { problem: 'busy' } } }),
    { active: { problem: 'busy' } },
  ],
  [
    'a live system',
    printed({ slots: undefined, problem: 'nothing is installed' }),
    { active: { problem: 'nothing is installed' } },
  ],
  ['no upgrade so far', printed({ upgrade: null }), { upgrade: undefined }],
  [
    'a digest that is none',
    printed({ running: { version: 'v2', origin: { ...origin, digest: 'x; reboot' } } }),
    { running: { slot: 'active', version: 'v2' } },
  ],
  [
    'control characters',
    printed({ running: { version: 'v2\u001b[31m\u0007\nv3' } }),
    { running: { slot: 'active', version: 'v2 v3' } },
  ],
])('%s', (_, text, expected) => expect(parseObservation(text)).toMatchObject(expected));

test.each([
  ['nothing', '', /no boot id/],
  ['a message of a login shell', 'Welcome!\nrunning\n{}', /no boot id/],
  ['an agent without a summary', `${BOOT}\nrunning\nerror: unknown command`, /does not report the state/],
  ['a summary without a system', `${BOOT}\nrunning\n{"boot":"active_boot"}`, /does not report the state/],
])('%s is a problem', (_, text, message) =>
  expect(parseObservation(text)).toEqual({ problem: expect.stringMatching(message) }),
);

test('texts of nodes are one line, and short', () => {
  expect(nodeText('a\r\nb\u202e\tc')).toBe('a b c');
  expect(nodeText('x'.repeat(5000)).length).toBeLessThan(500);
});
