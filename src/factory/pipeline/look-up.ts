import type { Runner } from '../tools/runner.ts';
import { type Cache, cacheKey } from './cache.ts';
import type { BuildEvent } from './events.ts';
import type { SharedCache } from './shared-cache.ts';
import type { Results, Step, StepResult } from './step.ts';
import type { StepMeasure } from './step-history.ts';

/** The context for planning and running steps. */
export interface PlanContext {
  readonly cache: Cache;
  readonly runner: Runner;
  readonly signal: AbortSignal;
  /** Directory for temporary files. */
  readonly work: string;
  /** Whether to use results of earlier builds. */
  readonly useCache: boolean;
  /** Results of other machines; absent for a build without a shared cache. */
  readonly shared?: SharedCache | undefined;
  readonly emit: (event: BuildEvent) => void;
  /** Called with what each step took that ran to its end. */
  readonly onMeasured?: (measure: StepMeasure) => Promise<void>;
}

/**
 * Answers of the cache, by id and key. Checking a base needs the network, so all groups share one answer.
 */
export type Answers = Map<string, Promise<StepResult | undefined>>;

/** The cache state of a step before it runs. */
export interface LookUp {
  /** `undefined` for a step that is never cached. */
  readonly key: string | undefined;
  /** The cached result if it is current. */
  readonly result: StepResult | undefined;
}

/** What a look-up needs besides its step. */
export interface LookUpOptions {
  /** Results of the steps that the step needs. */
  readonly results: Results;
  /** Answers of earlier look-ups; this one adds its own. */
  readonly answers: Answers;
}

/** Looks up a step in the cache. */
export async function lookUp(
  step: Step,
  { results, answers }: LookUpOptions,
  context: PlanContext,
): Promise<LookUp> {
  const inputs = await step.inputs(results);
  if (inputs === undefined) return { key: undefined, result: undefined };
  const key = cacheKey(
    step.id,
    inputs,
    step.needs.map((id) => [id, results.get(id)?.digest ?? '']),
  );
  const ask = async () => {
    if (!context.useCache) return undefined;
    const isCurrent = (result: StepResult) => step.isCurrent?.(result) ?? true;
    const own = await context.cache.load(step, key);
    if (own !== undefined && (await isCurrent(own))) return own;
    const other = await context.shared?.find(step, key, results);
    return other !== undefined && (await isCurrent(other)) ? other : undefined;
  };
  const identity = `${step.id} ${key}`;
  const answer = answers.get(identity) ?? ask();
  answers.set(identity, answer);
  return { key, result: await answer };
}
