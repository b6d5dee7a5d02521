import { z } from 'zod';
import type { HostTool } from '../tools/host-tool.ts';
import type { Runner } from '../tools/runner.ts';

/** The id of a step and the schema of its facts. */
export interface StepKey<Facts> {
  readonly id: string;
  /** Schema of JSON values, checked when the step returns and when a cache entry is read. */
  readonly facts: z.ZodType<Facts>;
}

/** Facts of a step that returns only files. */
export const NO_FACTS = z.object({});

/** The result of a step: values and files for later steps. */
export interface StepResult<Facts = unknown> {
  /** Identity of the result for the cache keys of later steps: equal digests mean equal content. */
  readonly digest: string;
  readonly facts: Facts;
  /** Absolute paths by name. */
  readonly files: Readonly<Record<string, string>>;
}

/** The return value of a step. Without a digest, the cache key becomes the digest. */
export type StepOutput<Facts = unknown> = Omit<StepResult<Facts>, 'digest'> & { readonly digest?: string };

/** Results of earlier steps, by id. */
export type Results = ReadonlyMap<string, StepResult>;

/** The context of a running step. */
export interface StepContext {
  readonly runner: Runner;
  /** An empty directory for files of the result; it moves into the cache when the step succeeds. */
  readonly objects: string;
  /** An empty directory for temporary files, removed after the step. */
  readonly scratch: string;
  /** Shows the current activity. */
  readonly say: (text: string) => void;
  /** Shows a detail of it that changes from second to second. */
  readonly glimpse: (text: string) => void;
  /** Shows a notice that still matters after the build. */
  readonly notice: (text: string) => void;
}

/**
 * What other machines can use of a result: its files, or the image in the engine that its facts name. The values of both must
 * not depend on the machine.
 */
export type SharedForm = { readonly kind: 'files' } | { readonly kind: 'image'; readonly arch: string };

/** The definition of a step. */
export interface StepDefinition<Facts> {
  readonly title: string;
  /** Ids of the steps whose results it reads. */
  readonly needs: readonly string[];
  /** Host programs that the step runs; a missing program is reported before the build. */
  readonly tools?: readonly HostTool[];
  /**
   * Everything besides the digests of `needs` that affects the result, as a JSON value for the cache key; `undefined` for a
   * step that is never cached.
   */
  readonly inputs: (results: Results) => Promise<unknown>;
  readonly run: (context: StepContext, results: Results) => Promise<StepOutput<Facts>>;
  /** Whether a cached result is still valid; absent if it always is. */
  readonly isCurrent?: (result: StepResult<Facts>) => Promise<boolean>;
  /** How the result is shared with other machines, where there is a shared cache; absent if it is not. */
  readonly shared?: SharedForm | undefined;
}

/** A node of the build graph. */
export type Step = StepKey<unknown> & StepDefinition<unknown>;

/** Turns the definition of a step with typed facts into a node of the build graph. */
export function defineStep<Facts>(
  key: StepKey<Facts>,
  { isCurrent, ...definition }: StepDefinition<Facts>,
): Step {
  const { id, facts } = key;
  if (isCurrent === undefined) return { id, facts, ...definition };
  return { id, facts, ...definition, isCurrent: (result) => isCurrent(requireFacts(key, result)) };
}

/** Whether facts match the schema of their step. */
export function hasFacts<Facts>({ facts }: StepKey<Facts>, value: unknown): value is Facts {
  return facts.safeParse(value).success;
}

/** Checks the facts of a result. @throws RangeError when they do not match the schema, which is a defect */
export function requireFacts<Facts>(key: StepKey<Facts>, result: StepResult): StepResult<Facts> {
  const { facts, ...rest } = result;
  if (hasFacts(key, facts)) return { ...rest, facts };
  const { error } = key.facts.safeParse(facts);
  throw new RangeError(`facts of step ${key.id}: ${error && z.prettifyError(error)}`);
}

/** The result of an optional step. @throws RangeError as documented at `requireFacts` */
export function findResult<Facts>(results: Results, key: StepKey<Facts>): StepResult<Facts> | undefined {
  const result = results.get(key.id);
  return result && requireFacts(key, result);
}

/** The result of a needed step. @throws RangeError when `needs` does not list the step, which is a defect */
export function resultOf<Facts>(results: Results, key: StepKey<Facts>): StepResult<Facts> {
  return requireFacts(key, knownResult(results, key.id));
}

/** The digest of a needed step's result. @throws RangeError when `needs` does not list the step, which is a defect */
export function resultDigest(results: Results, id: string): string {
  return knownResult(results, id).digest;
}

/** A file of a needed step. @throws RangeError when the step has no such file, which is a defect */
export function fileOf(results: Results, id: string, name: string): string {
  const file = optionalFileOf(results, id, name);
  if (file === undefined) throw new RangeError(`step ${id} has no file ${name}`);
  return file;
}

/** An optional file of a needed step. @throws RangeError when `needs` does not list the step, which is a defect */
export function optionalFileOf(results: Results, id: string, name: string): string | undefined {
  return knownResult(results, id).files[name];
}

function knownResult(results: Results, id: string): StepResult {
  const result = results.get(id);
  if (!result) throw new RangeError(`step ${id} has no result`);
  return result;
}
