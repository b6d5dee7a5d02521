import type { RegistryCaches } from '../../config/buildkit.ts';

/** The build that a cache is for. */
export interface CachedBuild {
  readonly useCache: boolean;
  readonly offline: boolean;
  /** Whether another Containerfile starts from the image. */
  readonly isBase: boolean;
}

/**
 * The caches of a build in registries, as buildctl takes them. A build whose image is the base of another one has a tag of its
 * own, because each build replaces what its tag had. Without a network there are none; without a cache, nothing is taken.
 */
export function cachesOf(
  caches: RegistryCaches,
  { useCache, offline, isBase }: CachedBuild,
): { readonly cacheTo: readonly string[]; readonly cacheFrom: readonly string[] } {
  if (offline) return { cacheTo: [], cacheFrom: [] };
  const own = (entry: string) => (isBase ? ofBase(entry) : entry);
  return {
    cacheTo: caches['cache-to'].map(own),
    cacheFrom: useCache ? caches['cache-from'].map(own) : [],
  };
}

/** Appends `-base` to the tag of the reference; a reference with a digest has one content only. */
function ofBase(entry: string): string {
  return entry.replace(/(?<=(?:^|,)ref=)[^,]+/, (reference) => {
    if (reference.includes('@')) return reference;
    const isTagged = reference.lastIndexOf(':') > reference.lastIndexOf('/');
    return `${reference}${isTagged ? '' : ':latest'}-base`;
  });
}
