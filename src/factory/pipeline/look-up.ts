import type { Runner } from '../tools/runner.ts';
import { type Cache, cacheKey } from './cache.ts';
import type { BuildEvent } from './events.ts';
import type { Results, Step, StepResult } from './step.ts';

/** What planning and running share. */
export interface PlanContext {
  readonly cache: Cache;
  readonly runner: Runner;
  readonly signal: AbortSignal;
  /** Directory for the temporary files of this run. */
  readonly work: string;
  /** Whether results of earlier builds may be used. */
  readonly useCache: boolean;
  readonly emit: (event: BuildEvent) => void;
}

/**
 * What the cache has, by id and key. Whether a base is current takes the network, and one request is enough for all groups.
 */
export type Answers = Map<string, Promise<StepResult | undefined>>;

/** What is known of a step before it runs. */
export interface LookUp {
  /** Absent for a step that is never cached. */
  readonly key: string | undefined;
  /** The cached result, if it is still current. */
  readonly result: StepResult | undefined;
}

/** Looks a step up in the cache. @param results of the steps that it needs */
export async function lookUp(
  step: Step,
  results: Results,
  context: PlanContext,
  answers: Answers,
): Promise<LookUp> {
  const inputs = await step.inputs(results);
  if (inputs === undefined) return { key: undefined, result: undefined };
  const key = cacheKey(
    step.id,
    inputs,
    step.needs.map((id) => [id, results.get(id)?.digest ?? '']),
  );
  const ask = async () => {
    const result = context.useCache ? await context.cache.load(step, key) : undefined;
    const current = result !== undefined && (await (step.isCurrent?.(result) ?? true));
    return current ? result : undefined;
  };
  const identity = `${step.id} ${key}`;
  const answer = answers.get(identity) ?? ask();
  answers.set(identity, answer);
  return { key, result: await answer };
}
