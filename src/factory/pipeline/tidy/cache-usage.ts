import { join } from 'node:path';
import { allocatedBytes } from '../../../common/files/allocated-bytes.ts';
import type { CachePlaces } from '../workspace.ts';

/** A part of the cache, and the bytes that it takes. */
export interface CachePart {
  readonly part: string;
  readonly content: string;
  readonly bytes: number;
}

/** Measures the cache by its parts. Files that two parts share count in both. */
export function cacheUsage(places: CachePlaces): CachePart[] {
  const { cache, store, registry, logs, history, programs, works } = places;
  const downloads = allocatedBytes(join(cache, 'downloads'));
  const part = (name: string, content: string, bytes: number) => ({ part: name, content, bytes });
  return [
    part('results', 'what steps made: squashfs, slot image, boot files', allocatedBytes(cache) - downloads),
    part('images', 'bases, OS images and layers of builds', allocatedBytes(store)),
    part('registry', 'layers and manifests of images in registries', allocatedBytes(registry)),
    part('downloads', 'files for Kubernetes', downloads),
    part('logs', 'logs of the last commands', allocatedBytes(logs)),
    part('history', 'times and sizes of steps', allocatedBytes(history)),
    part('programs', 'versions of the one-file executable', allocatedBytes(programs)),
    part('work', 'temporary files of running commands', allocatedBytes(works)),
  ];
}
