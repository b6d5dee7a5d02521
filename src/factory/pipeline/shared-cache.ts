import pLimit from 'p-limit';
import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import { formatSize } from '../../common/text/size-text.ts';
import type { ContainerEngine } from '../engine/container-engine.ts';
import type { SharedCacheContext } from './shared-cache-context.ts';
import { createSharedReader } from './shared-reader.ts';
import type { Step, StepResult } from './step.ts';
import { storeShared } from './store-shared.ts';

/** Results of steps that other machines have made, and those that this one gives to them. */
export interface SharedCache {
  /** The engine, with the images of shared results: each is fetched when it is used. */
  readonly engine: ContainerEngine;
  /** A result of another machine; its files are fetched by `prepare`. A cache that fails has none. */
  find(step: Step, key: string): Promise<StepResult | undefined>;
  /** Fetches the files of results, before a step reads them. @throws FactoryError `SHARED_RESULT_LOST` */
  prepare(results: readonly StepResult[]): Promise<void>;
  /** Stores a result that was made here, while the build goes on. */
  offer(step: Step, key: string, result: StepResult): void;
  /** Waits until everything that was offered is stored, and reports what was shared. */
  finish(): Promise<void>;
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

/** Results are stored one after the other, beside the steps of the build. */
const UPLOADS = 1;

/** Opens the shared cache of a run. */
export function createSharedCache(options: SharedCacheOptions): SharedCache {
  const { name, engine, signal, notice, log } = options;
  const limit = pLimit(UPLOADS);
  const offered: Promise<void>[] = [];
  let stored = 0;
  let bytes = 0;
  let isBroken = false;

  /** The build goes on after every failure: without the registry if it does not answer, else without this result. */
  const attempt = async <T>(step: Step, work: () => Promise<T>): Promise<T | undefined> => {
    if (isBroken) return undefined;
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      log(`shared cache: ${step.title}: ${messageOf(error)}`);
      if (isBroken) return undefined;
      const isOnlyThis = error instanceof FactoryError && error.kind === 'verification';
      isBroken = !isOnlyThis;
      notice(`the shared cache ${name}${isOnlyThis ? '' : ' is not used any more'}: ${messageOf(error)}`);
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
    find: async (step, key) => {
      if (!options.reads || step.shared === undefined) return undefined;
      return attempt(step, () => reader.find(step, key));
    },
    prepare: (results) => reader.needFiles(results),
    offer: (step, key, result) => {
      const { shared } = step;
      if (!options.writes || shared === undefined) return;
      const store = async () => {
        const size = await attempt(step, () => storeShared(options, { step, shared, key, result }));
        if (size === undefined) return;
        stored += 1;
        bytes += size;
      };
      offered.push(limit(() => store().catch(() => undefined)));
    },
    finish: async () => {
      await Promise.all(offered);
      const { taken } = reader;
      if (taken() + stored === 0) return;
      const added = `${stored} added (${formatSize(bytes)})`;
      notice(`the shared cache ${name}: ${taken()} ${taken() === 1 ? 'result' : 'results'} taken, ${added}`);
    },
  };
}
