import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { explain } from '../../common/errors/explain.ts';
import { messageOf } from '../../common/errors/factory-error.ts';
import { withRoom } from '../machine/with-room.ts';
import { executeStep } from './execute-step.ts';
import { type Group, shownStep } from './group.ts';
import { type Answers, lookUp, type PlanContext } from './look-up.ts';
import type { Results, Step, StepResult } from './step.ts';

/** The duration of a step. */
export interface StepTiming {
  readonly id: string;
  readonly seconds: number;
  readonly cached: boolean;
}

/** The outcome of a group of steps. */
export interface GroupOutcome {
  readonly results: Results;
  readonly timings: readonly StepTiming[];
  /** The error of a failed step of the group, prefixed with the title of the step. */
  readonly failure?: unknown;
  /** Whether a signal or the failure of another group cancelled it. */
  readonly isCancelled: boolean;
}

/** The context for running steps. */
export interface SchedulerContext extends PlanContext {
  /** Cancels everything that runs. */
  readonly cancel: (reason: unknown) => void;
  /** Whether the other groups continue when one fails; otherwise its failure cancels them. */
  readonly continueOnError?: boolean;
  /** Where the steps write, for the message of a full disk. */
  readonly places?: readonly string[];
}

/**
 * Creates a scheduler that runs groups of steps in parallel. A step starts when the steps that it needs are done. Over all
 * groups, at most as many steps run at once as there are processors. A step that two groups share runs once.
 * @returns a function that runs a group and never throws
 */
export function createScheduler(context: SchedulerContext): (group: Group) => Promise<GroupOutcome> {
  const limit = pLimit(Math.max(2, availableParallelism()));
  /** Started steps, by id and key. */
  const started = new Map<string, Promise<StepResult>>();
  const answers: Answers = new Map();

  return async (group) => {
    const results = new Map<string, StepResult>();
    const timings: StepTiming[] = [];
    const running = new Map<string, Promise<void>>();
    let failure: unknown;
    let hasFailed = false;

    const runOne = async (step: Step) => {
      const names = shownStep(group, step);
      const start = performance.now();
      const { key, result: found } = await limit(async () => {
        if (hasFailed) throw failure;
        context.signal.throwIfAborted();
        return lookUp(step, { results, answers }, context);
      });
      const identity = `${step.id} ${key}`;
      const other = key === undefined || found ? undefined : started.get(identity);
      if (!found) context.emit({ type: 'start', ...names });
      const execute = () =>
        limit(() => {
          context.signal.throwIfAborted();
          return executeStep({ step, shownAs: names.id, key, results }, context);
        });
      const execution = found ? undefined : (other ?? execute());
      if (execution && !other && key !== undefined) started.set(identity, execution);
      const result = found ?? (await execution);
      if (result === undefined) throw new RangeError(`step ${step.id} has no result`);
      results.set(step.id, result);
      const seconds = (performance.now() - start) / 1000;
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
          failure = withRoom(explain(step.title, error), context.places ?? []);
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
 * Returns the results of a group that must succeed.
 * @throws the reason of an abort; the error of the failed step, prefixed with the title of the step
 */
export function requireResults({ results, failure }: GroupOutcome, signal: AbortSignal): Results {
  signal.throwIfAborted();
  if (failure !== undefined) throw failure;
  return results;
}
