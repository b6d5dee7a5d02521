import { z } from 'zod';
import type { HostTool } from '../tools/host-tool.ts';
import type { Runner } from '../tools/runner.ts';

/** The id of a step, and the form of the facts that it leaves. */
export interface StepKey<Facts> {
  readonly id: string;
  /** JSON values; checked when the step returns, and when a cache entry is read. */
  readonly facts: z.ZodType<Facts>;
}

/** Facts of a step that leaves files alone. */
export const NO_FACTS = z.object({});

/** What a step leaves: values and files that later steps read. */
export interface StepResult<Facts = unknown> {
  /** Identity of the result for the cache keys of later steps: equal digests mean equal content. */
  readonly digest: string;
  readonly facts: Facts;
  /** Absolute paths by name. */
  readonly files: Readonly<Record<string, string>>;
}

/** What a step returns. Without a digest of its own, the key of the step is the digest. */
export type StepOutput<Facts = unknown> = Omit<StepResult<Facts>, 'digest'> & { readonly digest?: string };

/** Results of the steps that a step needs, by id. */
export type Results = ReadonlyMap<string, StepResult>;

/** What a running step may use. */
export interface StepContext {
  readonly runner: Runner;
  /** An empty directory that becomes part of the cache when the step succeeds; files of the result may lie in it. */
  readonly objects: string;
  /** An empty directory that is gone after the step. */
  readonly scratch: string;
  /** Shows what the step is doing. */
  readonly say: (text: string) => void;
  /** Shows something that matters after the build too. */
  readonly notice: (text: string) => void;
}

/** A step, as its module describes it. */
export interface StepDefinition<Facts> {
  readonly title: string;
  /** Ids of the steps whose results it reads. */
  readonly needs: readonly string[];
  /** Programs of the host that it runs: a missing one is reported before anything is made. */
  readonly tools?: readonly HostTool[];
  /**
   * Everything besides the digests of `needs` that the result depends on, as a JSON value: the cache key is made of it.
   * `undefined` for a step that is never cached.
   */
  readonly inputs: (results: Results) => Promise<unknown>;
  readonly run: (context: StepContext, results: Results) => Promise<StepOutput<Facts>>;
  /** Whether what a cached result refers to is still there; always when absent. */
  readonly isCurrent?: (result: StepResult<Facts>) => Promise<boolean>;
}

/** One node of the plan. */
export type Step = StepKey<unknown> & StepDefinition<unknown>;

/** A step with typed facts as a node of the plan. */
export function defineStep<Facts>(
  key: StepKey<Facts>,
  { isCurrent, ...definition }: StepDefinition<Facts>,
): Step {
  const { id, facts } = key;
  if (isCurrent === undefined) return { id, facts, ...definition };
  return { id, facts, ...definition, isCurrent: (result) => isCurrent(requireFacts(key, result)) };
}

/** Whether facts have the form that their step says. */
export function hasFacts<Facts>({ facts }: StepKey<Facts>, value: unknown): value is Facts {
  return facts.safeParse(value).success;
}

/** The result of a step, with its facts checked. @throws RangeError when they have another form, a defect */
export function requireFacts<Facts>(key: StepKey<Facts>, result: StepResult): StepResult<Facts> {
  const { facts, ...rest } = result;
  if (hasFacts(key, facts)) return { ...rest, facts };
  const { error } = key.facts.safeParse(facts);
  throw new RangeError(`facts of step ${key.id}: ${error && z.prettifyError(error)}`);
}

/** The result of a step that not every plan has. @throws RangeError as `requireFacts` does */
export function findResult<Facts>(results: Results, key: StepKey<Facts>): StepResult<Facts> | undefined {
  const result = results.get(key.id);
  return result && requireFacts(key, result);
}

/** The result of a needed step. @throws RangeError when the step was not listed in `needs`, a defect */
export function resultOf<Facts>(results: Results, key: StepKey<Facts>): StepResult<Facts> {
  return requireFacts(key, knownResult(results, key.id));
}

/** A file of a needed step's result. @throws RangeError when it has none of that name, a defect */
export function fileOf(results: Results, id: string, name: string): string {
  const file = optionalFileOf(results, id, name);
  if (file === undefined) throw new RangeError(`step ${id} has no file ${name}`);
  return file;
}

/** A file that a needed step may have left. @throws RangeError when the step was not listed in `needs`, a defect */
export function optionalFileOf(results: Results, id: string, name: string): string | undefined {
  return knownResult(results, id).files[name];
}

function knownResult(results: Results, id: string): StepResult {
  const result = results.get(id);
  if (!result) throw new RangeError(`step ${id} has no result`);
  return result;
}
