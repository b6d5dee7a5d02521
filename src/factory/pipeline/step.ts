import type { HostTool } from '../tools/host-tool.ts';
import type { Runner } from '../tools/runner.ts';

/** What a step leaves: values and files that later steps read. */
export interface StepResult {
  /** Identity of the result for the cache keys of later steps: equal digests mean equal content. */
  readonly digest: string;
  /** JSON values. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Absolute paths by name. */
  readonly files: Readonly<Record<string, string>>;
}

/** Results of the steps that a step needs, by id. */
export type Results = ReadonlyMap<string, StepResult>;

/** What a running step may use. */
export interface StepContext {
  readonly runner: Runner;
  /** An empty directory that becomes part of the cache when the step succeeds; files of the result may lie in it. */
  readonly objects: string;
  /** An empty directory that is gone after the step. */
  readonly scratch: string;
  /** Tells the person what the step is at. */
  readonly say: (text: string) => void;
  /** Tells the person something that they should know after the build too. */
  readonly notice: (text: string) => void;
}

/** One node of the plan. */
export interface Step {
  readonly id: string;
  readonly title: string;
  /** Ids of the steps whose results it reads. */
  readonly needs: readonly string[];
  /** Programs of this machine that it runs: a missing one is told before anything is made. */
  readonly tools?: readonly HostTool[];
  /**
   * Everything besides the digests of `needs` that the result depends on, as a JSON value: the cache key is made of it.
   * `undefined` for a step that is never cached.
   */
  readonly inputs: (results: Results) => Promise<unknown>;
  readonly run: (
    context: StepContext,
    results: Results,
  ) => Promise<Omit<StepResult, 'digest'> & { readonly digest?: string }>;
  /** Whether what a cached result speaks of is still there; always when absent. */
  readonly isCurrent?: (result: StepResult) => Promise<boolean>;
}

/** The result of a needed step. @throws RangeError when the step was not listed in `needs`, a defect */
export function resultOf(results: Results, id: string): StepResult {
  const result = results.get(id);
  if (!result) throw new RangeError(`step ${id} has no result`);
  return result;
}

/** A file of a needed step's result. @throws RangeError when it has none of that name, a defect */
export function fileOf(results: Results, id: string, name: string): string {
  const file = resultOf(results, id).files[name];
  if (file === undefined) throw new RangeError(`step ${id} has no file ${name}`);
  return file;
}
