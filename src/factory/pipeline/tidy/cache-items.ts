import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { allocatedBytes } from '../../../common/files/allocated-bytes.ts';
import { parseJson } from '../../../common/text/parse-json.ts';
import { projectFile } from '../project-files.ts';
import type { CachePlaces } from '../workspace.ts';

/** Something in the cache that can be removed on its own. */
export interface CacheItem {
  readonly kind: 'result' | 'download' | 'blob' | 'log' | 'program';
  /** Such as `squashfs` for a result, or a digest. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** When it was last used, in milliseconds since the epoch. */
  readonly used: number;
  /** The image in the store that a result describes. */
  readonly image?: string;
}

/** Directories of the results that have another content. */
const OTHERS = ['digests', 'downloads'];
const Result = z.object({
  facts: z.object({
    image: z.string(),
    facts: z.object({ tree: z.object({ bytes: z.number() }) }).optional(),
  }),
});

/** Lists what can be removed from the cache. Files of running commands, and this program, are not among it. */
export async function cacheItems(places: Omit<CachePlaces, 'works'>): Promise<CacheItem[]> {
  const { cache, registry, logs, programs } = places;
  const steps = (await names(cache)).filter((name) => !OTHERS.includes(name));
  const results = await Promise.all(
    steps.map(async (step) =>
      Promise.all((await names(join(cache, step))).map((key) => resultItem(step, join(cache, step, key)))),
    ),
  );
  const files = async (kind: CacheItem['kind'], directory: string) =>
    Promise.all((await names(directory)).map((name) => fileItem(kind, name, join(directory, name))));
  return [
    ...results.flat(),
    ...(await files('download', join(cache, 'downloads'))),
    ...(await files('blob', join(registry, 'blobs', 'sha256'))),
    ...(await files('log', logs)),
    ...(await files('program', programs)).filter(({ path }) => !projectFile('').startsWith(join(path, '/'))),
  ];
}

async function resultItem(step: string, path: string): Promise<CacheItem> {
  const file = join(path, 'result.json');
  const item = await fileItem('result', step, path);
  const used = await lastUse(file, 'result');
  const text = await readFile(file, 'utf8').catch(() => 'null');
  const found = Result.safeParse(parseJson(text)).data?.facts;
  if (found === undefined) return { ...item, used };
  return { ...item, used, image: found.image, bytes: item.bytes + (found.facts?.tree.bytes ?? 0) };
}

async function fileItem(kind: CacheItem['kind'], name: string, path: string): Promise<CacheItem> {
  return { kind, name, path, bytes: allocatedBytes(path), used: await lastUse(path, kind) };
}

/**
 * When a file was last used. A result is touched when it is used, and a program when it starts; a log is written once; of other
 * files, some filesystems record when they were read.
 */
async function lastUse(path: string, kind: CacheItem['kind']): Promise<number> {
  const touched = kind === 'program' ? join(path, 'used') : path;
  const stats = await stat(touched).catch(() => undefined);
  if (stats === undefined) return 0;
  const isRead = kind === 'blob' || kind === 'download';
  return isRead ? Math.max(stats.mtimeMs, stats.atimeMs) : stats.mtimeMs;
}

async function names(directory: string): Promise<string[]> {
  return (await readdir(directory).catch(() => [])).sort();
}
