import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { cacheKey, createCache } from '../../../../src/factory/pipeline/cache.ts';
import type { StepKey } from '../../../../src/factory/pipeline/step.ts';
import { DIRECTORY, plant, temporaryDirectory } from '../../support/temporary.ts';

describe('cacheKey', () => {
  test('differs by step, inputs, needs and the order of needs', () => {
    const keys = [
      cacheKey('a', null, []),
      cacheKey('b', null, []),
      cacheKey('a', {}, []),
      cacheKey('a', { x: 1 }, []),
      cacheKey('a', { x: '1' }, []),
      cacheKey('a', ['x', 1], []),
      cacheKey('a', null, [['n', 'd']]),
      cacheKey('a', null, [['n', 'e']]),
      cacheKey('a', null, [['m', 'd']]),
      cacheKey('a', null, [
        ['n', 'd'],
        ['m', 'd'],
      ]),
      cacheKey('a', null, [
        ['m', 'd'],
        ['n', 'd'],
      ]),
      cacheKey('a', [['n', 'd']], []),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('is the same for equal inputs and valid as a file name', () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (id, inputs) => {
        const key = cacheKey(id, inputs, [['n', 'd']]);
        expect(key).toMatch(/^[0-9a-f]{64}$/);
        expect(cacheKey(id, structuredClone(inputs), [['n', 'd']])).toBe(key);
      }),
    );
  });
});

const step = (id: string): StepKey<{ a: number[] }> => ({
  id,
  facts: z.object({ a: z.array(z.number()) }),
});

describe('createCache', () => {
  /** A cache, and the objects of a step to store. */
  function prepare() {
    const home = plant(temporaryDirectory(), { 'objects/d/out.iso': 'content', 'outside.iso': 'artifact' });
    const objects = join(home, 'objects');
    const files = { out: join(objects, 'd/out.iso'), artifact: join(home, 'outside.iso') };
    return {
      home,
      objects,
      cache: createCache(join(home, 'cache')),
      result: { digest: 'd', facts: { a: [1] }, files },
    };
  }

  test('returns a stored result with the current paths of its files', async () => {
    const { home, objects, cache, result } = prepare();
    const stored = await cache.store(step('artifact:iso'), { key: 'key', objects, result });
    expect(await cache.load(step('artifact:iso'), 'key')).toEqual(stored);
    expect([stored.digest, stored.facts]).toEqual(['d', { a: [1] }]);
    expect(stored.files['artifact']).toBe(join(home, 'outside.iso'));
    expect(readFileSync(stored.files['out'] ?? '', 'utf8')).toBe('content');
    expect(existsSync(objects)).toBe(false);
  });

  test('finds nothing for another step or key', async () => {
    const { objects, cache, result } = prepare();
    await cache.store(step('a'), { key: 'key', objects, result });
    expect(await cache.load(step('b'), 'key')).toBeUndefined();
    expect(await cache.load(step('a'), 'other')).toBeUndefined();
  });

  test('works after it was moved', async () => {
    const { home, objects, cache, result } = prepare();
    await cache.store(step('a'), { key: 'key', objects, result });
    renameSync(join(home, 'cache'), join(home, 'moved'));
    const found = await createCache(join(home, 'moved')).load(step('a'), 'key');
    expect(readFileSync(found?.files['out'] ?? '', 'utf8')).toBe('content');
  });

  test.each(['out', 'artifact'])('has no result when its file "%s" is missing', async (name) => {
    const { objects, cache, result } = prepare();
    const stored = await cache.store(step('a'), { key: 'key', objects, result });
    rmSync(stored.files[name] ?? '');
    expect(await cache.load(step('a'), 'key')).toBeUndefined();
  });

  test.each([
    ['nothing', ''],
    ['no object', 'null'],
    ['no files', '{"digest":"d","facts":{"a":[1]}}'],
    ['other facts', '{"digest":"d","facts":{"a":["1"]},"files":{},"sizes":{}}'],
  ])('misses an entry that holds %s', async (_what, text) => {
    const { home, objects, cache, result } = prepare();
    await cache.store(step('a'), { key: 'key', objects, result });
    plant(home, { 'cache/a/key/result.json': text });
    expect(await cache.load(step('a'), 'key')).toBeUndefined();
  });

  test('has no result when a file of it has lost its content', async () => {
    const { objects, cache, result } = prepare();
    const stored = await cache.store(step('a'), { key: 'key', objects, result });
    writeFileSync(stored.files['out'] ?? '', '');
    expect(await cache.load(step('a'), 'key')).toBeUndefined();
  });

  test('keeps one of two results that are stored under a key at the same time', async () => {
    const { home, cache } = prepare();
    const storeOne = async (name: number) => {
      const objects = join(plant(home, { [`racing/${name}/objects/file`]: 'x' }), `racing/${name}/objects`);
      const result = { digest: `${name}`, facts: { a: [name] }, files: { file: join(objects, 'file') } };
      await cache.store(step('a'), { key: 'key', objects, result });
    };
    for (let round = 0; round < 20; round += 1) {
      await Promise.all([1, 2, 3, 4].map((name) => storeOne(4 * round + name)));
      expect((await cache.load(step('a'), 'key'))?.files['file']).toBeDefined();
    }
  });

  test('replaces an invalid result', async () => {
    const { home, objects, cache, result } = prepare();
    const stored = await cache.store(step('a'), { key: 'key', objects, result });
    plant(home, { objects: DIRECTORY });
    await cache.store(step('a'), {
      key: 'key',
      objects,
      result: { digest: 'new', facts: { a: [] }, files: {} },
    });
    expect(await cache.load(step('a'), 'key')).toEqual({ digest: 'new', facts: { a: [] }, files: {} });
    expect(existsSync(stored.files['out'] ?? '')).toBe(false);
  });
});
