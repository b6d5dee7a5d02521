import { groupPushes, type PushGroup, publishBuilds } from '../deliver/publish/publish-build.ts';
import { needsUserNamespace, runInUserNamespace } from '../engine/unshare.ts';
import { type Job, planJob, runJob } from '../pipeline/build.ts';
import type { PlannedStep } from '../pipeline/events.ts';
import { createRunner } from '../tools/runner.ts';
import { describeError, rememberLog } from './render-error.ts';
import { createProgressRenderer } from './render-progress.ts';
import { planPushes, renderPush, renderPushPlan } from './render-push.ts';
import { renderPlan, renderReport } from './render-report.ts';

/** How a job is shown and run. */
export interface JobOptions {
  readonly plan: boolean;
  readonly json: boolean;
  readonly useCache: boolean;
  readonly locked: boolean;
  readonly offline: boolean;
}

/**
 * Runs a job and shows it: progress on stderr, the report on stdout.
 * @param load makes the job; its errors are reported like those of the job itself
 */
export async function presentJob(load: () => Promise<Job>, options: JobOptions): Promise<void> {
  const print = (text: string) => process.stdout.write(text);
  // What a failed push leaves is built all the same.
  let built: object = {};
  try {
    const job = await load();
    // What cannot be pushed is told before anything is built.
    const groups = groupPushes([{ spec: job.spec }], options.offline);
    if (await handedOver()) return;
    const show = createProgressRenderer(process.stderr);
    const { useCache, locked, offline } = options;
    const common = { useCache, locked, offline, onLog: rememberLog, emit: show.onEvent };
    if (options.plan) {
      const steps = await planJob(job, common);
      printPlan(steps, groups, options.json);
      return;
    }
    const report = await runJob(job, common).finally(() => show.close());
    built = report;
    if (!options.json) print(renderReport(report));
    const after = createProgressRenderer(process.stderr);
    const events = { emit: after.onEvent, onLog: rememberLog };
    const [pushed] = await publishBuilds(groups, () => true, events).finally(() => after.close());
    const { targets: _, ...push } = pushed ?? { targets: [] };
    if (options.json) print(`${JSON.stringify({ ...report, ...(pushed && { push }) }, null, 2)}\n`);
    else if (pushed) print(renderPush(pushed));
  } catch (error) {
    if (options.json) print(`${JSON.stringify({ ...built, error: describeError(error) }, null, 2)}\n`);
    throw error;
  }
}

/** Prints what would be run, and what would be pushed then; `more` is for programs only. */
export function printPlan(
  steps: readonly PlannedStep[],
  groups: readonly PushGroup[],
  json: boolean,
  more: object = {},
): void {
  const push = groups.length > 0 && { push: planPushes(groups) };
  const text = json
    ? `${JSON.stringify({ plan: steps, ...push, ...more }, null, 2)}\n`
    : `${renderPlan(steps)}${renderPushPlan(groups)}`;
  process.stdout.write(text);
}

/** Ordinary users go on in a user namespace: there this process starts again, and here nothing is left to do. */
export async function handedOver(): Promise<boolean> {
  if (!needsUserNamespace()) return false;
  const runner = createRunner({
    signal: new AbortController().signal,
    log: () => undefined,
    env: process.env,
  });
  process.exitCode = await runInUserNamespace(runner);
  return true;
}
