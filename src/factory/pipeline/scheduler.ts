import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { explain } from '../../common/errors/explain.ts';
import { messageOf } from '../../common/errors/factory-error.ts';
import { executeStep } from './execute-step.ts';
import { type Group, shownStep } from './group.ts';
import { type Answers, lookUp, type PlanContext } from './look-up.ts';
import type { Results, Step, StepResult } from './step.ts';

/** How long each step took. */
export interface StepTiming {
  readonly id: string;
  readonly seconds: number;
  readonly cached: boolean;
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

/** What running takes besides planning. */
export interface SchedulerContext extends PlanContext {
  /** Ends everything that runs. */
  readonly cancel: (reason: unknown) => void;
  /** Whether the other groups go on when one fails; otherwise its failure cancels them. */
  readonly continueOnError?: boolean;
}

/**
 * Creates a scheduler that runs groups of steps side by side: each step as soon as those it needs are done, no more at once than
 * there are processors, over all groups. A step that two groups have in common runs once.
 * @returns runs a group; it never throws
 */
export function createScheduler(context: SchedulerContext): (group: Group) => Promise<GroupOutcome> {
  const limit = pLimit(Math.max(2, availableParallelism()));
  /** Steps that began to run, by id and key. */
  const begun = new Map<string, Promise<StepResult>>();
  const answers: Answers = new Map();

  return async (group) => {
    const results = new Map<string, StepResult>();
    const timings: StepTiming[] = [];
    const running = new Map<string, Promise<void>>();
    let failure: unknown;
    let hasFailed = false;

    const runOne = async (step: Step) => {
      const names = shownStep(group, step);
      const started = performance.now();
      const { key, result: found } = await limit(async () => {
        if (hasFailed) throw failure;
        context.signal.throwIfAborted();
        return lookUp(step, results, context, answers);
      });
      const identity = `${step.id} ${key}`;
      const other = key === undefined || found ? undefined : begun.get(identity);
      if (!found) context.emit({ type: 'start', ...names });
      const execute = () =>
        limit(() => {
          context.signal.throwIfAborted();
          return executeStep({ step, shownAs: names.id, key, results }, context);
        });
      const execution = found ? undefined : (other ?? execute());
      if (execution && !other && key !== undefined) begun.set(identity, execution);
      const result = found ?? (await execution);
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
          context.emit({ type: 'fail', ...shownStep(group, step), message: messageOf(failure) });
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

/**
 * The results of a group that nothing can do without.
 * @throws the reason of an abort; FactoryError the failure of the first step that failed, with the step's title in front
 */
export function requireResults({ results, failure }: GroupOutcome, signal: AbortSignal): Results {
  signal.throwIfAborted();
  if (failure !== undefined) throw failure;
  return results;
}
