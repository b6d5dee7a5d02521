import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Node } from '../../../../src/factory/kubernetes/objects.ts';
import { planStarts } from '../../../../src/factory/node-operations/plan-starts.ts';
import { NodeOpSpec } from '../../../../src/factory/node-operations/schema.ts';
import { selectNodes } from '../../../../src/factory/node-operations/select-nodes.ts';
import { isInWork, type NodeStatus } from '../../../../src/factory/node-operations/status.ts';

const node = (name: string, labels: Record<string, string> = {}): Node => ({
  ...{ apiVersion: 'v1', kind: 'Node', metadata: { name, labels } },
});
const plan = (
  spec: Record<string, unknown>,
  statuses: Record<string, NodeStatus | NodeStatus['phase']>,
  unready: readonly string[] = [],
) =>
  planStarts({
    spec: NodeOpSpec.parse({ command: ['x'], ...spec }),
    targets: Object.keys(statuses),
    statuses: Object.fromEntries(
      Object.entries(statuses).map(([name, status]) => [
        name,
        typeof status === 'string' ? { phase: status } : status,
      ]),
    ),
    isReady: (name) => !unready.includes(name),
  });

test('selects by labels, the control plane first', () => {
  const nodes = [
    node('b', { tier: 'web' }),
    node('z', { tier: 'web', 'node-role.kubernetes.io/control-plane': '' }),
    node('a', { tier: 'web', gone: '' }),
    node('c', { tier: 'data' }),
    node('d'),
  ];
  const names = (selector: Parameters<typeof selectNodes>[1]) =>
    selectNodes(nodes, selector).map(({ metadata }) => metadata.name);
  expect(names(undefined)).toEqual(['z', 'a', 'b', 'c', 'd']);
  expect(names({ matchLabels: { tier: 'web' } })).toEqual(['z', 'a', 'b']);
  const by = (operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist', values?: string[]) =>
    names({ matchExpressions: [{ key: 'tier', operator, ...(values && { values }) }] });
  expect(by('In', ['data'])).toEqual(['c']);
  expect(by('NotIn', ['web'])).toEqual(['c', 'd']);
  expect(by('Exists')).toEqual(['z', 'a', 'b', 'c']);
  expect(by('DoesNotExist')).toEqual(['d']);
});

test('without limits, all begin', () => {
  expect(plan({}, { a: 'Pending', b: 'Pending' })).toEqual({ begin: ['a', 'b'], rest: 'none' });
});

test('concurrency counts nodes in work', () => {
  const statuses = { a: 'Running', b: 'Preflight', c: 'Pending', d: 'Pending' } as const;
  expect(plan({ concurrency: 3 }, statuses)).toEqual({ begin: ['c'], rest: 'waiting' });
  expect(plan({ concurrency: 2 }, statuses)).toEqual({ begin: [], rest: 'waiting' });
});

test('maxUnavailable counts nodes that are not ready, too', () => {
  const statuses = { a: 'Pending', b: 'Pending', c: 'Pending' } as const;
  expect(plan({ maxUnavailable: 1 }, statuses, ['c'])).toMatchObject({ begin: [], rest: 'waiting' });
  expect(plan({ maxUnavailable: 2 }, statuses, ['c']).begin).toEqual(['a']);
  // It is unavailable whether the work begins or not.
  expect(plan({ maxUnavailable: 1 }, statuses, ['a']).begin).toEqual(['a']);
});

test('a wave waits for the one before', () => {
  const waves = [1, '50%', 'rest'];
  expect(plan({ waves }, { a: 'Pending', b: 'Pending', c: 'Pending', d: 'Pending' }).begin).toEqual(['a']);
  expect(plan({ waves }, { a: 'Running', b: 'Pending', c: 'Pending', d: 'Pending' }).begin).toEqual([]);
  expect(plan({ waves }, { a: 'Completed', b: 'Pending', c: 'Pending', d: 'Pending' }).begin).toEqual([
    'b',
    'c',
  ]);
  expect(plan({ waves }, { a: 'Failed', b: 'Pending', c: 'Pending', d: 'Pending' })).toMatchObject({
    ...{ begin: [], rest: 'stopped', why: 'a failed, and its wave is not complete' },
  });
});

test('a failure stops, or does not', () => {
  const early: NodeStatus = { phase: 'Failed', rebootStatus: 'cancelled' };
  const late: NodeStatus = { phase: 'Failed', rebootStatus: 'pending' };
  expect(plan({}, { a: early, b: 'Pending' }).begin).toEqual(['b']);
  expect(plan({ stopOnFailure: true }, { a: early, b: 'Pending' })).toMatchObject({
    begin: [],
    rest: 'stopped',
  });
  expect(plan({}, { a: late, b: 'Pending' })).toMatchObject({ begin: [], rest: 'stopped' });
});

test('a pause begins none', () => {
  expect(plan({ paused: true }, { a: 'Running', b: 'Pending' })).toEqual({ begin: [], rest: 'paused' });
  expect(plan({ paused: true }, { a: 'Running' })).toEqual({ begin: [], rest: 'none' });
});

test('never begins more than the limits allow, nor two waves at the same time', () => {
  const phase = fc.constantFrom<NodeStatus['phase']>(
    'Pending',
    'Preflight',
    'Running',
    'Completed',
    'Failed',
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(phase, fc.boolean()), { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 0, max: 5 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 4 }),
      (given, concurrency, maxUnavailable, first) => {
        const statuses = Object.fromEntries(given.map(([which], index) => [`n${index}`, which]));
        const unready = given.flatMap(([, isReady], index) => (isReady ? [] : [`n${index}`]));
        const { begin } = plan({ concurrency, maxUnavailable, waves: [first, 'rest'] }, statuses, unready);
        const names = Object.keys(statuses);
        const inWork = names.filter((name) => isInWork({ phase: statuses[name] ?? 'Pending' }));
        if (concurrency > 0 && begin.length > 0)
          expect(inWork.length + begin.length).toBeLessThanOrEqual(concurrency);
        const away = new Set([...inWork, ...unready, ...begin]);
        const before = new Set([...inWork, ...unready]);
        if (away.size > before.size) expect(away.size).toBeLessThanOrEqual(maxUnavailable);
        if (begin.some((name) => names.indexOf(name) >= first))
          expect(names.slice(0, first).every((name) => statuses[name] === 'Completed')).toBe(true);
      },
    ),
  );
});
