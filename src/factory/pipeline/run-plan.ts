import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { explain } from '../../common/errors/explain.ts';
import { messageOf } from '../../common/errors/factory-error.ts';
import { checkTool } from '../tools/check-tool.ts';
import type { HostTool } from '../tools/host-tool.ts';
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

/** The steps of a target. */
export interface Group {
  /** Goes before the ids of its steps where they are shown; empty for a build of one target. */
  readonly name: string;
  /** In an order in which needs come first. */
  readonly steps: readonly Step[];
}

/** How a group of steps ended. */
export interface GroupOutcome {
  readonly results: Results;
  readonly timings: readonly StepTiming[];
  /** Why one of its own steps failed, with the step's title in front. */
  readonly failure?: unknown;
  /** Whether it was ended from outside: by a signal, or by the failure of another group. */
  readonly isCancelled: boolean;
}

/**
 * Tells for every step whether a build would run it. Nothing is built; only inputs are read.
 * @throws FactoryError `tool` for a program that a step will want and that is missing or of no use
 */
export async function planSteps(steps: readonly Step[], context: PlanContext): Promise<PlannedStep[]> {
  return planGroups([{ name: '', steps }], context);
}

/** The same for several groups: what one of them makes, and another needs as well, is made once. */
// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: still to be taken apart.
export async function planGroups(groups: readonly Group[], context: PlanContext): Promise<PlannedStep[]> {
  const planned: PlannedStep[] = [];
  const made = new Set<string>();
  const asked: Asked = new Map();
  const wanted = new Set<HostTool>();
  for (const group of groups) {
    const results = new Map<string, StepResult>();
    for (const step of group.steps) {
      const known = step.needs.every((id) => results.has(id));
      const { key, result: cached } = known ? await lookUp(step, results, context, asked) : {};
      if (cached) results.set(step.id, cached);
      if (!cached) for (const tool of step.tools ?? []) wanted.add(tool);
      const identity = known && !cached && key !== undefined ? `${step.id} ${key}` : undefined;
      const isShared = identity !== undefined && made.has(identity);
      if (identity !== undefined) made.add(identity);
      const state = cached ? 'cached' : isShared ? 'shared' : known ? 'run' : 'depends';
      planned.push({ ...shown(group, step), needs: step.needs.map((id) => shownId(group, id)), state });
    }
  }
  await Promise.all([...wanted].map((tool) => checkTool(context.runner, tool)));
  return planned;
}

/**
 * Runs the steps of a single build.
 * @throws FactoryError the failure of the first step that failed, with the step's title in front
 */
export async function runSteps(
  steps: readonly Step[],
  context: SchedulerContext,
): Promise<{ results: Results; timings: readonly StepTiming[] }> {
  const { results, timings, failure } = await createScheduler(context)({ name: '', steps });
  context.signal.throwIfAborted();
  if (failure !== undefined) throw failure;
  return { results, timings };
}

/** What running takes besides planning. */
export type SchedulerContext = PlanContext & {
  /** Ends everything that runs. */
  readonly cancel: (reason: unknown) => void;
  /** Whether the failure of a group leaves the others alone; else it cancels them. */
  readonly continueOnError?: boolean;
};

/**
 * Makes what runs groups of steps side by side: each step as soon as those it needs are done, no more at once than there
 * are processors, over all groups. A step of which two groups have the very same is run once.
 * @returns runs a group; it never throws
 */
export function createScheduler(context: SchedulerContext): (group: Group) => Promise<GroupOutcome> {
  const limit = pLimit(Math.max(2, availableParallelism()));
  /** Steps that began to run, by id and key. */
  const begun = new Map<string, Promise<StepResult>>();
  const asked: Asked = new Map();

  return async (group) => {
    const results = new Map<string, StepResult>();
    const timings: StepTiming[] = [];
    const running = new Map<string, Promise<void>>();
    let failure: unknown;
    let hasFailed = false;

    const runOne = async (step: Step) => {
      const names = shown(group, step);
      const started = performance.now();
      const { key, result: found } = await limit(async () => {
        if (hasFailed) throw failure;
        context.signal.throwIfAborted();
        return lookUp(step, results, context, asked);
      });
      const identity = `${step.id} ${key}`;
      const other = key === undefined || found ? undefined : begun.get(identity);
      if (!found) context.emit({ type: 'start', ...names });
      const make = () =>
        limit(() => {
          context.signal.throwIfAborted();
          return execute(step, names.id, key, results, context);
        });
      const making = found ? undefined : (other ?? make());
      if (making && !other && key !== undefined) begun.set(identity, making);
      const result = found ?? (await making);
      if (result === undefined) throw new RangeError(`step ${step.id} has no result`);
      results.set(step.id, result);
      const seconds = (performance.now() - started) / 1000;
      const cached = found !== undefined || other !== undefined;
      timings.push({ id: step.id, seconds, cached });
      context.emit({ type: 'end', ...names, cached, seconds });
    };

    for (const step of group.steps) {
      const needs = step.needs.map((id) => running.get(id));
      const whole = async () => {
        await Promise.all(needs);
        await runOne(step).catch((error: unknown) => {
          if (context.signal.aborted || hasFailed) throw error;
          hasFailed = true;
          failure = explain(step.title, error);
          context.emit({ type: 'fail', ...shown(group, step), message: messageOf(failure) });
          if (!context.continueOnError) context.cancel(failure);
          throw failure;
        });
      };
      running.set(step.id, whole());
    }
    await Promise.allSettled(running.values());
    const isCancelled = !hasFailed && results.size < group.steps.length;
    return { results, timings, isCancelled, ...(hasFailed ? { failure } : {}) };
  };
}

function shownId(group: Group, id: string): string {
  return group.name === '' ? id : `${group.name}/${id}`;
}

function shown(group: Group, { id, title }: Step): { readonly id: string; readonly title: string } {
  return { id: shownId(group, id), title: group.name === '' ? title : `${group.name}: ${title}` };
}

/** What the cache has, by id and key: whether a base is current asks the network, and once is enough for all groups. */
type Asked = Map<string, Promise<StepResult | undefined>>;

async function lookUp(
  step: Step,
  results: Results,
  context: PlanContext,
  asked: Asked,
): Promise<{ key: string | undefined; result: StepResult | undefined }> {
  const inputs = await step.inputs(results);
  if (inputs === undefined) return { key: undefined, result: undefined };
  const key = cacheKey(
    step.id,
    inputs,
    step.needs.map((id) => [id, results.get(id)?.digest ?? '']),
  );
  const ask = async () => {
    const result = context.useCache ? await context.cache.load(step.id, key) : undefined;
    const current = result !== undefined && (await (step.isCurrent?.(result) ?? true));
    return current ? result : undefined;
  };
  const identity = `${step.id} ${key}`;
  const answer = asked.get(identity) ?? ask();
  asked.set(identity, answer);
  return { key, result: await answer };
}

async function execute(
  step: Step,
  shownAs: string,
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
        say: (text) => context.emit({ type: 'progress', id: shownAs, text }),
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
