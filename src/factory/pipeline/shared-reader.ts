import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import { blobPath } from '../../common/oci/layers/image-layout.ts';
import { loadImage } from '../sharing/pack-result.ts';
import type { ResultRecord } from '../sharing/result-record.ts';
import { scratchDirectory } from '../sharing/result-registry.ts';
import { unpackRoot } from '../tools/tar.ts';
import type { SharedCacheContext } from './shared-cache-context.ts';
import { WithImage } from './shared-key.ts';
import { hasFacts, type Step, type StepResult } from './step.ts';

/** Reads results of other machines. What a result consists of is fetched when it is needed, and once. */
export interface SharedReader {
  /** @throws FactoryError as `ResultRegistry.find` */
  find(step: Step, keys: SharedKeys): Promise<StepResult | undefined>;
  /** Whether a result that was found brings the image. */
  hasImage(image: string): boolean;
  /** Loads the image of a result into the engine; other images are left alone. @throws FactoryError `SHARED_RESULT_LOST` */
  needImage(image: string): Promise<void>;
  /** Loads all images: a Containerfile names those that it starts from. @throws FactoryError `SHARED_RESULT_LOST` */
  needAllImages(): Promise<void>;
  /** Fetches the files of results into the cache of this machine. @throws FactoryError `SHARED_RESULT_LOST` */
  needFiles(results: readonly StepResult[]): Promise<void>;
  /** How many results were fetched. */
  taken(): number;
}

/** The key of a result in the cache of this machine, and the one under which it is shared. */
export interface SharedKeys {
  readonly key: string;
  readonly shared: string;
}

/** A result that was found, and what is being fetched of it. */
interface Found {
  readonly step: Step;
  readonly key: string;
  readonly record: ResultRecord;
  fetching?: Promise<void>;
}

/** Opens the reading side of a shared cache. */
export function createSharedReader({
  name,
  registry,
  engine,
  cache,
  runner,
  signal,
  work,
}: SharedCacheContext): SharedReader {
  /** By id and key of a step. */
  const answers = new Map<string, Promise<StepResult | undefined>>();
  /** By the files of the result: steps get the same object. */
  const byFiles = new Map<StepResult['files'], Found>();
  /** By the name of the image in the engine. */
  const byImage = new Map<string, Found>();
  let taken = 0;

  const ask = async (step: Step, { key, shared }: SharedKeys): Promise<StepResult | undefined> => {
    const record = await registry.find(step.id, shared);
    if (record === undefined || !hasFacts(step, record.facts)) return undefined;
    const { digest, facts } = record;
    const files = located(cache.directory(step, key), record.files);
    const found: Found = { step, key, record };
    if (record.content !== undefined) byFiles.set(files, found);
    const named = WithImage.safeParse(facts).data;
    if (record.image !== undefined && named !== undefined) byImage.set(named.image, found);
    return { digest, facts, files };
  };

  /** Downloads what belongs to a result, and puts the result into the cache of this machine. */
  const take = async ({ step, key, record }: Found): Promise<void> => {
    const { digest, facts, content, image } = record;
    await using scratch = await scratchDirectory(work);
    const objects = join(scratch.path, 'objects');
    await mkdir(objects);
    if (content !== undefined) {
      await registry.fetch([content], scratch.path, () => 'content');
      await unpackRoot(runner, join(scratch.path, 'content'), objects);
    }
    if (image !== undefined) {
      const layout = join(scratch.path, 'image');
      await registry.fetch(image.blobs, join(layout, 'blobs'), blobPath);
      await loadImage(engine, { image: WithImage.parse(facts).image, shared: image, layout });
    }
    await cache.store(step, {
      key,
      objects,
      result: { digest, facts, files: located(objects, record.files) },
    });
    taken += 1;
  };

  const need = (found: Found | undefined): Promise<void> => {
    if (found === undefined) return Promise.resolve();
    found.fetching ??= take(found).catch((error: unknown) => {
      signal.throwIfAborted();
      throw lost(name, found, error);
    });
    return found.fetching;
  };

  return {
    find: (step, keys) => {
      const identity = `${step.id} ${keys.shared}`;
      const answer = answers.get(identity) ?? ask(step, keys);
      answers.set(identity, answer);
      return answer;
    },
    hasImage: (image) => byImage.has(image),
    needImage: (image) => need(byImage.get(image)),
    needAllImages: async () => {
      for (const found of byImage.values()) await need(found);
    },
    needFiles: async (results) => {
      for (const { files } of results) await need(byFiles.get(files));
    },
    taken: () => taken,
  };
}

/** The paths of files of a result in a directory. */
function located(directory: string, files: ResultRecord['files']): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, path]) => [name, join(directory, path)]));
}

function lost(name: string, { step }: Found, cause: unknown): FactoryError {
  return new FactoryError(
    'SHARED_RESULT_LOST',
    `the shared cache ${name} has the result of "${step.title}", but it cannot be fetched: ${messageOf(cause)}`,
    { remedy: 'Run the build again; --no-cache does not read from the shared cache.', cause },
  );
}
