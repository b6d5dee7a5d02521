import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { hasFacts, type StepKey, type StepResult } from './step.ts';

/** Part of every key. Increase it when a defect produced wrong entries, so that they are never used again. */
const ERRATA = 2;

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
    return Object.values(files).every((file) => existsSync(file)) ? { ...stored, files } : undefined;
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
    await writeFile(join(objects, 'result.json'), JSON.stringify({ ...result, files: relative }));
    await mkdir(join(directory, id), { recursive: true });
    // An existing entry is invalid: its image or a file is missing.
    await rm(home, { recursive: true, force: true });
    await rename(objects, home);
    const files = Object.entries(relative).map(
      ([name, file]) => [name, isAbsolute(file) ? file : join(home, file)] as const,
    );
    return { ...result, files: Object.fromEntries(files) };
  }

  return { load, store };
}

const Entry = z.object({
  digest: z.string(),
  facts: z.unknown(),
  files: z.record(z.string(), z.string()),
});

/** Parses an entry; `undefined` for an empty file after a power cut, or for the facts of another version. */
function parseResult<Facts>(step: StepKey<Facts>, text: string): StepResult<Facts> | undefined {
  const { data } = Entry.safeParse(parseJson(text));
  if (data === undefined) return undefined;
  const { facts, ...rest } = data;
  return hasFacts(step, facts) ? { ...rest, facts } : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
