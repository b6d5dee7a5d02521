import { existsSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createCache } from '../../../../../src/factory/pipeline/cache.ts';
import { cacheItems } from '../../../../../src/factory/pipeline/tidy/cache-items.ts';
import { cacheUsage } from '../../../../../src/factory/pipeline/tidy/cache-usage.ts';
import { pruneCache } from '../../../../../src/factory/pipeline/tidy/prune-cache.ts';
import { cachePlaces, openWorkspace } from '../../../../../src/factory/pipeline/workspace.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';
import { realRunner } from '../../artifacts/support/runner.ts';

const runner = realRunner();
const result = (facts: object) => JSON.stringify({ digest: 'd', facts, files: {}, sizes: {} });

/** A cache with results of two ages, an image of the engine docker, a blob, and a log. */
function someCache() {
  const root = temporaryDirectory();
  plant(root, {
    'steps/squashfs/old/result.json': result({}),
    'steps/squashfs/old/rootfs.squashfs': 'x'.repeat(100_000),
    'steps/image/new/result.json': result({ image: 'localhost/os:1' }),
    'steps/digests/file': 'kept',
    'store/trees/localhost%2Fos%3A1/file': 'used',
    'store/trees/localhost%2Fos%3A2/file': 'unused',
    'registry/blobs/sha256/abc': 'blob',
    'logs/2026-01-01T00-00-00-000Z-1.log': 'log',
    'program/0123456789abcdef/used': '',
  });
  const old = new Date('2026-01-01T00:00:00Z');
  for (const path of [
    'steps/squashfs/old/result.json',
    'registry/blobs/sha256/abc',
    'program/0123456789abcdef/used',
  ])
    utimesSync(join(root, path), old, old);
  return root;
}
const left = (root: string, path: string) => readdirSync(join(root, path)).sort();

test('without options, only what nothing uses is removed', async () => {
  const root = someCache();
  const workspace = await openWorkspace(root);
  const { images, items } = await pruneCache({ workspace, runner }, {}, { dryRun: false });
  await workspace.close();
  expect([items, images]).toEqual([[], ['localhost/os:2']]);
  expect(left(root, 'store/trees')).toEqual(['localhost%2Fos%3A1']);
  expect(left(root, 'steps')).toEqual(['digests', 'image', 'squashfs']);
});

test('by age; a dry run removes nothing and names the same', async () => {
  const root = someCache();
  const workspace = await openWorkspace(root);
  const request = { before: Date.parse('2026-02-01T00:00:00Z') };
  const planned = await pruneCache({ workspace, runner }, request, { dryRun: true });
  expect(planned.items.map(({ kind, name }) => [kind, name]).sort()).toEqual([
    ['blob', 'abc'],
    ['program', '0123456789abcdef'],
    ['result', 'squashfs'],
  ]);
  expect(planned.after).toBeLessThan(planned.before);
  expect(existsSync(join(root, 'steps/squashfs/old/result.json'))).toBe(true);
  const done = await pruneCache({ workspace, runner }, request, { dryRun: false });
  await workspace.close();
  expect(done.items).toEqual(planned.items);
  expect([left(root, 'steps/squashfs'), left(root, 'registry/blobs/sha256')]).toEqual([[], []]);
  expect(left(root, 'work')).toEqual([]);
});

test('nothing is removed while another command uses the cache', async () => {
  const root = someCache();
  const other = await openWorkspace(root);
  const workspace = await openWorkspace(root);
  const error = await failureOf(
    () => pruneCache({ workspace, runner }, { all: true }, { dryRun: false }),
    'usage',
  );
  expect(error.code).toBe('CACHE_BUSY');
  expect(left(root, 'store/trees')).toHaveLength(2);
  await other.close();
  await pruneCache({ workspace, runner }, { all: true }, { dryRun: false });
  await workspace.close();
  expect(left(root, 'store/trees')).toEqual([]);
});

test('a command that starts while the cache is pruned waits', async () => {
  const root = someCache();
  const workspace = await openWorkspace(root);
  const events: string[] = [];
  const pruned = pruneCache({ workspace, runner }, {}, { dryRun: false }).then(() => events.push('pruned'));
  await pruned;
  const other = await openWorkspace(root);
  events.push('opened');
  await other.close();
  await workspace.close();
  expect(events).toEqual(['pruned', 'opened']);
});

test('a result that is used again is not old', async () => {
  const root = someCache();
  const places = cachePlaces(root);
  const item = async () => (await cacheItems(places)).find(({ name }) => name === 'squashfs');
  const before = (await item())?.used ?? 0;
  await createCache(places.cache).load({ id: 'squashfs', facts: z.object({}) }, 'old');
  expect((await item())?.used).toBeGreaterThan(before);
});

test('the parts of the cache add up', () => {
  const parts = cacheUsage(cachePlaces(someCache()));
  const bytes = new Map(parts.map(({ part, bytes: size }) => [part, size]));
  expect(bytes.get('results')).toBeGreaterThanOrEqual(100_000);
  expect(bytes.get('downloads')).toBe(0);
});
