import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import type { ContainerEngine } from '../../../../src/factory/engine/container-engine.ts';
import { createCache } from '../../../../src/factory/pipeline/cache.ts';
import { createSharedCache, type SharedCacheOptions } from '../../../../src/factory/pipeline/shared-cache.ts';
import { sharedKey } from '../../../../src/factory/pipeline/shared-key.ts';
import { NO_FACTS, type Step } from '../../../../src/factory/pipeline/step.ts';
import type { ResultRecord } from '../../../../src/factory/sharing/result-record.ts';
import type { ResultRegistry } from '../../../../src/factory/sharing/result-registry.ts';
import { createRunner } from '../../../../src/factory/tools/runner.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const KEY = 'ab'.repeat(32);
const STEP: Step = {
  id: 'squashfs',
  facts: NO_FACTS,
  title: 'pack the root',
  needs: [],
  shared: { kind: 'files' },
  inputs: async () => [],
  run: async () => ({ facts: {}, files: {} }),
};

const NONE = new Map();

/** A registry in memory. Signatures and requests are tested with real ones in test/integration/shared-cache.test.ts. */
function memory() {
  const records = new Map<string, ResultRecord>();
  const directory = temporaryDirectory();
  const file = (digest: string) => join(directory, digest.replace(':', '-'));
  const registry: ResultRegistry = {
    find: async (step, key) => records.get(`${step} ${key}`),
    fetch: async (blobs, place, nameOf) => {
      for (const { digest } of blobs) copyFileSync(file(digest), join(place, nameOf(digest)));
    },
    put: async (record, files) => {
      for (const [digest, path] of files) copyFileSync(path, file(digest));
      records.set(`${record.step} ${record.key}`, record);
      return 1024;
    },
  };
  return registry;
}

function machine(registry: ResultRegistry, change: Partial<SharedCacheOptions> = {}) {
  const signal = new AbortController().signal;
  const notices: string[] = [];
  const directory = temporaryDirectory();
  const cache = createCache(directory);
  const has = async () => false;
  const shared = createSharedCache({
    name: 'registry.example.com/cache',
    registry,
    reads: true,
    writes: true,
    engine: { name: 'none', has } as unknown as ContainerEngine,
    cache,
    runner: createRunner({ signal, log: () => undefined, env: process.env }),
    signal,
    work: temporaryDirectory(),
    notice: (text) => notices.push(text),
    log: () => undefined,
    ...change,
  });
  /** Makes the result here, and offers it. */
  const make = async (text: string, isGood = true) => {
    const objects = join(temporaryDirectory(), 'objects');
    mkdirSync(objects);
    writeFileSync(join(objects, 'root'), text);
    const result = { digest: KEY, facts: {}, files: { root: join(objects, 'root') } };
    const stored = await cache.store(STEP, { key: KEY, objects, result });
    shared.offer(STEP, KEY, { result: stored, results: NONE });
    await shared.finish(isGood);
  };
  return { shared, cache, notices, make };
}

describe('a shared cache', () => {
  test('gives files to another machine when a step needs them, and keeps them in its cache', async () => {
    const registry = memory();
    await machine(registry).make('content');
    const { shared, cache, notices } = machine(registry);
    const found = await shared.find(STEP, KEY, NONE);
    expect(await cache.load(STEP, KEY)).toBeUndefined();
    await shared.prepare(found ? [found] : []);
    expect(readFileSync(found?.files['root'] ?? '', 'utf8')).toBe('content');
    expect(await cache.load(STEP, KEY)).toEqual(found);
    await shared.finish(true);
    expect(notices).toEqual([
      'the shared cache registry.example.com/cache: 1 result taken, 0 added (0.0 KiB)',
    ]);
  });

  test('is not read where it may not be, and gets nothing where nothing may be added', async () => {
    const registry = memory();
    await machine(registry, { writes: false }).make('content');
    expect(await machine(registry).shared.find(STEP, KEY, NONE)).toBeUndefined();
    await machine(registry).make('content');
    expect(await machine(registry, { reads: false }).shared.find(STEP, KEY, NONE)).toBeUndefined();
    const { shared: _, ...own } = STEP;
    expect(await machine(registry).shared.find(own, KEY, NONE)).toBeUndefined();
  });

  test('gets nothing of a build that failed: its image may contain a secret', async () => {
    const registry = memory();
    await machine(registry).make('content', false);
    expect(await machine(registry).shared.find(STEP, KEY, NONE)).toBeUndefined();
  });

  test('gives the parts of the image that was taken, not those of another one with the same key', async () => {
    const part = { ...STEP, needs: ['image'] };
    const of = (image: string) => new Map([['image', { digest: KEY, facts: { image }, files: {} }]]);
    const keys = ['os:1', 'os:2'].map((image) => sharedKey(part, KEY, of(image)));
    expect(new Set([KEY, ...keys]).size).toBe(3);
    expect(sharedKey(part, KEY, of('os:1'))).toBe(keys[0]);
  });

  test('is left alone after it did not answer once, and goes on after a result that cannot be trusted', async () => {
    let asked = 0;
    const failing = (error: Error): ResultRegistry => ({
      ...memory(),
      find: async () => {
        asked += 1;
        throw error;
      },
    });
    const dead = machine(failing(new FactoryError('REGISTRY_UNREACHABLE', 'no answer', { remedy: 'Wait.' })));
    for (const key of [KEY, 'cd'.repeat(32)]) expect(await dead.shared.find(STEP, key, NONE)).toBeUndefined();
    expect([asked, dead.notices]).toEqual([
      1,
      ['the shared cache registry.example.com/cache is not asked any more: no answer'],
    ]);
    const refused = new FactoryError('SIGNATURE_REFUSED', 'its result is not signed', { remedy: 'Sign it.' });
    const hostile = machine(failing(refused));
    for (const key of [KEY, 'cd'.repeat(32)])
      expect(await hostile.shared.find(STEP, key, NONE)).toBeUndefined();
    expect([asked, hostile.notices.length]).toEqual([3, 2]);
  });

  test('says which result is lost, when later steps may already count on it', async () => {
    const registry = memory();
    await machine(registry).make('content');
    const { shared } = machine({
      ...registry,
      fetch: async () => {
        throw new Error('it was deleted');
      },
    });
    const found = await shared.find(STEP, KEY, NONE);
    await expect(shared.prepare(found ? [found] : [])).rejects.toMatchObject({
      code: 'SHARED_RESULT_LOST',
      message: expect.stringContaining('"pack the root"'),
    });
  });
});
