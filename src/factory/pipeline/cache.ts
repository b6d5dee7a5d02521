import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { hasFacts, type StepKey, type StepResult } from './step.ts';

/** Added to every key. Raise it when a defect made entries wrong, so that they are never found again. */
const ERRATA = 2;

/** Results of steps by key: a directory each, with `result.json` and the files made by the step. */
export interface Cache {
  /** The result under a key; absent when there is none, or one whose files are gone or whose facts have another form. */
  load<Facts>(step: StepKey<Facts>, key: string): Promise<StepResult<Facts> | undefined>;
  /** Moves `objects` into the cache; the result that comes back has the files' final paths. */
  store<Facts>(
    step: StepKey<Facts>,
    key: string,
    objects: string,
    result: StepResult<Facts>,
  ): Promise<StepResult<Facts>>;
}

/** The key of a step: what it is, what it reads, and the digests of what it needs. */
export function cacheKey(id: string, inputs: unknown, needs: readonly (readonly [string, string])[]): string {
  return createHash('sha256')
    .update(JSON.stringify([ERRATA, id, inputs, needs]))
    .digest('hex');
}

/** A cache below `directory`; entries appear whole or not at all. */
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
    key: string,
    objects: string,
    result: StepResult<Facts>,
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
    // An entry that is there is one that was found wanting: its image or file is gone.
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

/** A power cut may leave an empty file, and another version other facts: such an entry is made again. */
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
