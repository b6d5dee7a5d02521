import type { CacheItem } from './cache-items.ts';

/** What to remove, besides what nothing uses. */
export interface PruneRequest {
  /** Everything that was last used before this time, in milliseconds since the epoch. */
  readonly before?: number;
  /** The least recently used, until the cache has at most as many bytes. */
  readonly maxBytes?: number;
  readonly all?: boolean;
}

/** What a prune removes. */
export interface PrunePlan {
  readonly items: readonly CacheItem[];
  /** Names of images that no remaining result describes. */
  readonly images: readonly string[];
}

/**
 * Decides what is removed.
 * @param state.items what can be removed
 * @param state.images names of all images in the store
 * @param state.total bytes of the whole cache
 */
export function planPrune(
  {
    items,
    images,
    total,
  }: { readonly items: readonly CacheItem[]; readonly images: readonly string[]; readonly total: number },
  { before, maxBytes, all = false }: PruneRequest,
): PrunePlan {
  const oldest = items.toSorted((one, other) => one.used - other.used);
  const chosen = new Set(oldest.filter(({ used }) => all || (before !== undefined && used < before)));
  let left = total - sum(chosen);
  for (const item of oldest) {
    if (maxBytes === undefined || left <= maxBytes) break;
    if (chosen.has(item)) continue;
    chosen.add(item);
    left -= item.bytes;
  }
  const needed = new Set(items.flatMap((item) => (chosen.has(item) ? [] : (item.image ?? []))));
  return { items: [...chosen], images: images.filter((image) => !needed.has(image)) };
}

function sum(items: Iterable<CacheItem>): number {
  return [...items].reduce((total, { bytes }) => total + bytes, 0);
}
