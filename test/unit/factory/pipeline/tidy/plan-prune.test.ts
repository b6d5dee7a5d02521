import { expect, test } from 'vitest';
import type { CacheItem } from '../../../../../src/factory/pipeline/tidy/cache-items.ts';
import { planPrune } from '../../../../../src/factory/pipeline/tidy/plan-prune.ts';

const item = (name: string, used: number, image?: string): CacheItem => ({
  kind: 'result',
  name,
  path: `/${name}`,
  bytes: 10,
  used,
  ...(image === undefined ? {} : { image }),
});
const items = [item('new', 30, 'os'), item('old', 10, 'base'), item('middle', 20, 'os')];
const state = { items, images: ['os', 'base', 'orphan'], total: 100 };
const names = (request: Parameters<typeof planPrune>[1]) => {
  const plan = planPrune(state, request);
  return [plan.items.map(({ name }) => name), plan.images];
};

test('without options, only images that no result describes are removed', () => {
  expect(names({})).toEqual([[], ['orphan']]);
});

test('by age, with the images that only old results describe', () => {
  expect(names({ before: 15 })).toEqual([['old'], ['base', 'orphan']]);
  expect(names({ before: 25 })).toEqual([
    ['old', 'middle'],
    ['base', 'orphan'],
  ]);
});

test('by size, the least recently used first', () => {
  expect(names({ maxBytes: 100 })).toEqual([[], ['orphan']]);
  expect(names({ maxBytes: 85 })).toEqual([
    ['old', 'middle'],
    ['base', 'orphan'],
  ]);
  expect(names({ before: 15, maxBytes: 85 })).toEqual([
    ['old', 'middle'],
    ['base', 'orphan'],
  ]);
});

test('all of it', () => {
  expect(names({ all: true })).toEqual([
    ['old', 'middle', 'new'],
    ['os', 'base', 'orphan'],
  ]);
});
