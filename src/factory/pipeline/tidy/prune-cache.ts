import { randomUUID } from 'node:crypto';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openBuildahImages } from '../../engine/buildah-images.ts';
import { LAYOUTS } from '../../engine/buildkit/layouts.ts';
import type { Session } from '../session.ts';
import { type CacheItem, cacheItems } from './cache-items.ts';
import { cacheUsage } from './cache-usage.ts';
import { lockCache } from './lock-cache.ts';
import { type PruneRequest, planPrune } from './plan-prune.ts';

/** What was removed, or would be. */
export interface PruneReport {
  readonly items: readonly CacheItem[];
  readonly images: readonly string[];
  /** Bytes of the cache. */
  readonly before: number;
  /** Bytes of the cache afterwards; an estimate for a dry run. */
  readonly after: number;
}

/**
 * Removes parts of the cache, and nothing that a running command uses.
 * @throws FactoryError `usage` while another command uses the cache
 */
export async function pruneCache(
  { workspace, runner }: Pick<Session, 'workspace' | 'runner'>,
  request: PruneRequest,
  { dryRun }: { readonly dryRun: boolean },
): Promise<PruneReport> {
  await using _ = await lockCache(workspace);
  const store = await openBuildahImages(runner, workspace);
  // The images that are directories of their own: those of the engines docker and buildkit.
  const homes = ['trees', LAYOUTS].map((name) => join(workspace.store, name));
  const kept = (await Promise.all(homes.map((home) => readdir(home).catch(() => []))))
    .flat()
    .map(decodeURIComponent);
  const named = (await store?.list()) ?? [];
  const before = total(cacheUsage(workspace));
  const items = (await cacheItems(workspace)).filter(({ path }) => path !== workspace.log);
  const plan = planPrune({ items, images: [...named, ...kept], total: before }, request);
  if (dryRun) {
    const freed = plan.items.reduce((sum, { bytes }) => sum + bytes, 0);
    return { ...plan, before, after: Math.max(0, before - freed) };
  }
  for (const { path } of plan.items) await removeWhole(path, workspace.work);
  for (const image of plan.images) {
    if (named.includes(image)) await store?.remove(image);
    for (const home of homes) await removeWhole(join(home, encodeURIComponent(image)), workspace.work);
  }
  await store?.removeUnnamed();
  return { ...plan, before, after: total(cacheUsage(workspace)) };
}

/** Removes an entry: nobody sees a part of it, even if this is interrupted. */
async function removeWhole(path: string, work: string): Promise<void> {
  const away = join(work, `removed-${randomUUID()}`);
  await rename(path, away).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rm(away, { recursive: true, force: true });
}

function total(parts: readonly { readonly bytes: number }[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}
