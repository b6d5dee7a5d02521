import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import { formatSize } from '../../common/text/size-text.ts';
import type { ContainerEngine } from '../engine/container-engine.ts';
import type { SharedCacheContext } from './shared-cache-context.ts';
import { sharedKey } from './shared-key.ts';
import { createSharedReader } from './shared-reader.ts';
import type { Results, Step, StepResult } from './step.ts';
import { storeShared } from './store-shared.ts';

/** Results of steps that other machines have made, and those that this one gives to them. */
export interface SharedCache {
  /** The engine, with the images of shared results: each is fetched when it is used. */
  readonly engine: ContainerEngine;
  /** A result of another machine; its files are fetched by `prepare`. A cache that fails has none. */
  find(step: Step, key: string, results: Results): Promise<StepResult | undefined>;
  /** Fetches the files of results, before a step reads them. @throws FactoryError `SHARED_RESULT_LOST` */
  prepare(results: readonly StepResult[]): Promise<void>;
  /** Keeps a result that was made here, to be stored at the end. */
  offer(step: Step, key: string, made: Made): void;
  /**
   * Stores what was offered, and reports what was shared.
   * @param isGood whether the build has succeeded: an image in which the search for secrets finds some is not given to anybody
   */
  finish(isGood: boolean): Promise<void>;
}

/** A result, and those of the steps that it needs. */
export interface Made {
  readonly result: StepResult;
  readonly results: Results;
}

/** Options of {@link createSharedCache}. */
export interface SharedCacheOptions extends SharedCacheContext {
  /** Whether results of other machines are used. */
  readonly reads: boolean;
  /** Whether results are stored. */
  readonly writes: boolean;
  readonly notice: (text: string) => void;
  readonly log: (line: string) => void;
}

/** Opens the shared cache of a run. */
export function createSharedCache(options: SharedCacheOptions): SharedCache {
  const { name, engine, signal, notice, log } = options;
  const offered: (() => Promise<void>)[] = [];
  let stored = 0;
  let bytes = 0;
  /** What the registry does not answer any more. */
  const broken = new Set<'read' | 'write'>();

  /** The build goes on after every failure: without the registry if it does not answer, else without this result. */
  const attempt = async <T>(
    kind: 'read' | 'write',
    step: Step,
    work: () => Promise<T>,
  ): Promise<T | undefined> => {
    if (broken.has(kind)) return undefined;
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      log(`shared cache: ${step.title}: ${messageOf(error)}`);
      if (broken.has(kind)) return undefined;
      const isOnlyThis = error instanceof FactoryError && error.kind === 'verification';
      if (!isOnlyThis) broken.add(kind);
      const end = { read: ' is not asked any more', write: ' gets nothing more' }[kind];
      notice(`the shared cache ${name}${isOnlyThis ? '' : end}: ${messageOf(error)}`);
      return undefined;
    }
  };

  const reader = createSharedReader(options);
  return {
    engine: {
      ...engine,
      has: async (image) => reader.hasImage(image) || (await engine.has(image)),
      open: async (image) => {
        await reader.needImage(image);
        return engine.open(image);
      },
      build: async (context, image, build) => {
        await reader.needAllImages();
        return engine.build(context, image, build);
      },
    },
    find: async (step, key, results) => {
      if (!options.reads || step.shared === undefined) return undefined;
      const shared = sharedKey(step, key, results);
      return attempt('read', step, () => reader.find(step, { key, shared }));
    },
    prepare: (results) => reader.needFiles(results),
    offer: (step, key, { result, results }) => {
      const { shared } = step;
      if (!options.writes || shared === undefined) return;
      const keys = { key, shared: sharedKey(step, key, results) };
      offered.push(async () => {
        const own = { step, shared, keys, result };
        const size = await attempt('write', step, () => storeShared(options, own));
        if (size === undefined) return;
        stored += 1;
        bytes += size;
      });
    },
    finish: async (isGood) => {
      if (isGood) for (const store of offered) await store();
      const { taken } = reader;
      if (taken() + stored === 0) return;
      const added = `${stored} added (${formatSize(bytes)})`;
      notice(`the shared cache ${name}: ${taken()} ${taken() === 1 ? 'result' : 'results'} taken, ${added}`);
    },
  };
}
