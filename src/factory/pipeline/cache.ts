import { createHash } from 'node:crypto';
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { makeDirectory, syncDirectory, syncTree } from '../../common/files/sync-path.ts';
import { parseJson } from '../../common/text/parse-json.ts';
import { hasFacts, type StepKey, type StepResult } from './step.ts';

/** Part of every key. Increase it when a defect produced wrong entries, so that they are never used again. */
const ERRATA = 3;

/** A result to store. */
export interface NewEntry<Facts> {
  readonly key: string;
  /** Directory with the files of the result. */
  readonly objects: string;
  readonly result: StepResult<Facts>;
}

/** Results of steps by key. Each has a directory with `result.json` and the files of the step. */
export interface Cache {
  /** The result of a key; `undefined` if there is none, its files are missing or its facts do not match the schema. */
  load<Facts>(step: StepKey<Facts>, key: string): Promise<StepResult<Facts> | undefined>;
  /** The directory of a key, whether or not it exists. */
  directory(step: StepKey<unknown>, key: string): string;
  /** Moves `objects` into the cache. Returns the result with the final paths of its files. */
  store<Facts>(step: StepKey<Facts>, entry: NewEntry<Facts>): Promise<StepResult<Facts>>;
}

/** The cache key of a step, from its id, its inputs and the digests of the steps that it needs. */
export function cacheKey(id: string, inputs: unknown, needs: readonly (readonly [string, string])[]): string {
  return createHash('sha256')
    .update(JSON.stringify([ERRATA, id, inputs, needs]))
    .digest('hex');
}

/** Opens a cache below `directory`. Entries appear completely or not at all. */
export function createCache(directory: string): Cache {
  const place = (id: string, key: string) => join(directory, id, key);

  async function load<Facts>(step: StepKey<Facts>, key: string): Promise<StepResult<Facts> | undefined> {
    const home = place(step.id, key);
    const text = await readFile(join(home, 'result.json'), 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    const stored = parseResult(step, text);
    if (stored === undefined) return undefined;
    const files = Object.fromEntries(
      Object.entries(stored.files).map(([name, file]) => [name, isAbsolute(file) ? file : join(home, file)]),
    );
    const { sizes, ...result } = stored;
    const found = await Promise.all(Object.entries(files).map(([name, file]) => isThere(file, sizes[name])));
    if (found.includes(false)) return undefined;
    // When it was last used, for whoever clears the cache by age.
    const now = new Date();
    await utimes(join(home, 'result.json'), now, now).catch(() => undefined);
    return { ...result, files };
  }

  async function store<Facts>(
    { id }: StepKey<Facts>,
    { key, objects, result }: NewEntry<Facts>,
  ): Promise<StepResult<Facts>> {
    const home = place(id, key);
    const relative = Object.fromEntries(
      Object.entries(result.files).map(([name, file]) => [
        name,
        file.startsWith(`${objects}/`) ? file.slice(objects.length + 1) : file,
      ]),
    );
    const sizes: Record<string, number> = {};
    for (const [name, file] of Object.entries(relative)) {
      const stats = isAbsolute(file) ? undefined : await stat(join(objects, file));
      if (stats?.isFile()) sizes[name] = stats.size;
    }
    await writeFile(join(objects, 'result.json'), JSON.stringify({ ...result, files: relative, sizes }));
    await syncTree(objects);
    await makeDirectory(join(directory, id));
    await replace(objects, home);
    const files = Object.entries(relative).map(
      ([name, file]) => [name, isAbsolute(file) ? file : join(home, file)] as const,
    );
    return { ...result, files: Object.fromEntries(files) };
  }

  return { directory: ({ id }, key) => place(id, key), load, store };
}

const Entry = z.object({
  digest: z.string(),
  facts: z.unknown(),
  files: z.record(z.string(), z.string()),
  /** Sizes of the files in the entry: a damaged filesystem may have lost their content. */
  sizes: z.record(z.string(), z.number()),
});
type Entry<Facts> = StepResult<Facts> & Pick<z.output<typeof Entry>, 'sizes'>;

async function isThere(file: string, size: number | undefined): Promise<boolean> {
  const stats = await stat(file).catch(() => undefined);
  return stats !== undefined && (size === undefined || stats.size === size);
}

/** Moves a synced directory into place. Another process may store the same key at the same moment: the last one wins. */
async function replace(objects: string, home: string): Promise<void> {
  const old = `${objects}.old`;
  for (;;) {
    const isMoved = await rename(objects, home).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
        return false;
      },
    );
    if (isMoved) break;
    // The other process may have moved it first.
    await rename(home, old).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    await rm(old, { recursive: true, force: true });
  }
  await syncDirectory(dirname(home));
}

/** Parses an entry; `undefined` for an empty file after a power cut, or for the facts of another version. */
function parseResult<Facts>(step: StepKey<Facts>, text: string): Entry<Facts> | undefined {
  const { data } = Entry.safeParse(parseJson(text));
  if (data === undefined) return undefined;
  const { facts, ...rest } = data;
  return hasFacts(step, facts) ? { ...rest, facts } : undefined;
}
