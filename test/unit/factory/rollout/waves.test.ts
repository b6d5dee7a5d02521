import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planWaves } from '../../../../src/factory/rollout/waves.ts';

const nodes = (count: number, groups: readonly string[] = []) =>
  Array.from({ length: count }, (_, index) => ({ name: `n${index}`, groups: [...groups] }));
const sizes = (count: number, waves: Parameters<typeof planWaves>[1]) =>
  planWaves(nodes(count), waves).map(({ length }) => length);

test.each([
  [1, [1], [1]],
  [5, [1], [1, 4]],
  [20, [1, '10%', 'rest'], [1, 2, 17]],
  [3, ['50%'], [2, 1]],
  [3, ['1%', 'rest'], [1, 2]],
  [2, [5, 1], [2]],
  [4, ['100%'], [4]],
] as const)('%i nodes in waves of %j: %j', (count, waves, expected) => {
  expect(sizes(count, waves)).toEqual(expected);
});

test('a group is a wave of its nodes that are left, in their order', () => {
  const all = [
    ...nodes(1),
    { name: 'lab-1', groups: ['lab'] },
    { name: 'x', groups: [] },
    { name: 'lab-2', groups: ['lab'] },
  ];
  expect(planWaves(all, [{ group: 'lab' }, 1])).toEqual([['lab-1', 'lab-2'], ['n0'], ['x']]);
});

test('every node is in exactly one wave', () => {
  const wave = fc.oneof(
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 100 }).map((share) => `${share}%`),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.array(wave, { minLength: 1, maxLength: 6 }),
      (count, waves) => {
        const planned = planWaves(nodes(count), waves);
        expect(planned.flat()).toEqual(nodes(count).map(({ name }) => name));
        expect(planned.every(({ length }) => length > 0)).toBe(true);
      },
    ),
  );
});
