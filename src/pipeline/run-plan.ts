import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { explain } from '../errors/explain.ts';
import { messageOf } from '../errors/factory-error.ts';
import type { Runner } from '../tools/runner.ts';
import { type Cache, cacheKey } from './cache.ts';
import type { BuildEvent, PlannedStep } from './events.ts';
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

/** How long each step took. */
export interface StepTiming {
  readonly id: string;
  readonly seconds: number;
  readonly cached: boolean;
}

/** Tells for every step whether a build would run it. Nothing is built; only inputs are read. */
export async function planSteps(steps: readonly Step[], context: PlanContext): Promise<PlannedStep[]> {
  const results = new Map<string, StepResult>();
  const planned: PlannedStep[] = [];
  for (const step of steps) {
    const known = step.needs.every((id) => results.has(id));
    const cached = known ? (await lookUp(step, results, context)).result : undefined;
    if (cached) results.set(step.id, cached);
    const state = cached ? 'cached' : known ? 'run' : 'depends';
    planned.push({ id: step.id, title: step.title, needs: step.needs, state });
  }
  return planned;
}

/**
 * Runs the steps, each as soon as those it needs are done. The first failure cancels the rest.
 * @param steps in an order in which needs come first
 * @throws FactoryError the failure of the first step that failed, with the step's title in front
 */
export async function runSteps(
  steps: readonly Step[],
  context: PlanContext & { readonly cancel: (reason: unknown) => void },
): Promise<{ results: Results; timings: StepTiming[] }> {
  const limit = pLimit(Math.max(2, availableParallelism()));
  const results = new Map<string, StepResult>();
  const timings: StepTiming[] = [];
  const running = new Map<string, Promise<void>>();

  const runOne = async (step: Step) => {
    const started = performance.now();
    const { key, result: found } = await lookUp(step, results, context);
    if (!found) context.emit({ type: 'start', id: step.id, title: step.title });
    const result = found ?? (await execute(step, key, results, context));
    results.set(step.id, result);
    const seconds = (performance.now() - started) / 1000;
    timings.push({ id: step.id, seconds, cached: found !== undefined });
    context.emit({ type: 'end', id: step.id, title: step.title, cached: found !== undefined, seconds });
  };

  for (const step of steps) {
    const needs = step.needs.map((id) => running.get(id));
    running.set(
      step.id,
      (async () => {
        await Promise.all(needs);
        await limit(async () => {
          context.signal.throwIfAborted();
          await runOne(step).catch((error: unknown) => {
            const failure = explain(step.title, error);
            if (!context.signal.aborted) {
              context.emit({ type: 'fail', id: step.id, title: step.title, message: messageOf(failure) });
              context.cancel(failure);
            }
            throw failure;
          });
        });
      })(),
    );
  }
  await Promise.allSettled(running.values());
  context.signal.throwIfAborted();
  await Promise.all(running.values());
  return { results, timings };
}

async function lookUp(
  step: Step,
  results: Results,
  context: PlanContext,
): Promise<{ key: string | undefined; result: StepResult | undefined }> {
  const inputs = await step.inputs(results);
  if (inputs === undefined) return { key: undefined, result: undefined };
  const key = cacheKey(
    step.id,
    inputs,
    step.needs.map((id) => [id, results.get(id)?.digest ?? '']),
  );
  const result = context.useCache ? await context.cache.load(step.id, key) : undefined;
  const current = result !== undefined && (await (step.isCurrent?.(result) ?? true));
  return { key, result: current ? result : undefined };
}

async function execute(
  step: Step,
  key: string | undefined,
  results: Results,
  context: PlanContext,
): Promise<StepResult> {
  const home = await mkdtemp(join(context.work, `${step.id}-`));
  const [objects, scratch] = [join(home, 'objects'), join(home, 'scratch')];
  await Promise.all([mkdir(objects), mkdir(scratch)]);
  try {
    const made = await step.run(
      {
        runner: context.runner,
        objects,
        scratch,
        say: (text) => context.emit({ type: 'progress', id: step.id, text }),
        notice: (text) => context.emit({ type: 'notice', text }),
      },
      results,
    );
    const result = { ...made, digest: made.digest ?? key ?? '' };
    return key === undefined ? result : await context.cache.store(step.id, key, objects, result);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
