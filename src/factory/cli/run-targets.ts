import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import type { BuildTarget } from '../config/build-spec.ts';
import { groupPushes, publishBuilds } from '../deliver/publish/publish-build.ts';
import { type NamedBuild, planTargets, runTargets, type TargetReport } from '../pipeline/build-targets.ts';
import { describeError, failWith, rememberLog } from './render-error.ts';
import { createProgressRenderer } from './render-progress.ts';
import { renderPush } from './render-push.ts';
import { renderTargets } from './render-report.ts';
import { handedOver, type JobOptions, presentJob, printPlan } from './run-job.ts';

/** How builds are shown and run. */
export interface BuildsOptions extends JobOptions {
  readonly continueOnError: boolean;
}

/**
 * Runs the build of a configuration, or all of its targets, and shows them: progress on stderr, the report on stdout,
 * failures at the end on stderr. The exit status is that of the first failure.
 * @param load makes the targets; its errors are reported like those of the builds
 */
export async function presentBuilds(
  load: () => Promise<BuildTarget[]>,
  options: BuildsOptions,
): Promise<void> {
  const loading = load();
  const loaded = await loading.catch(() => undefined);
  const builds = loaded?.flatMap(({ name, spec }) => (name === undefined ? [] : [{ name, spec }])) ?? [];
  if (builds.length === 0) {
    return presentJob(async () => {
      const [single] = await loading;
      if (!single) throw new RangeError('a configuration without a build');
      return { type: 'build', spec: single.spec };
    }, options);
  }
  if (await handedOver()) return;
  const print = (text: string) => process.stdout.write(text);
  try {
    await present(builds, options, print);
  } catch (error) {
    if (options.json) print(`${JSON.stringify({ error: describeError(error) }, null, 2)}\n`);
    throw error;
  }
}

async function present(
  builds: readonly NamedBuild[],
  options: BuildsOptions,
  print: (text: string) => void,
): Promise<void> {
  const { plan, json, useCache, locked, offline, continueOnError } = options;
  // What cannot be pushed is told before anything is built.
  const groups = groupPushes(builds, offline);
  const show = createProgressRenderer(process.stderr);
  const common = { useCache, locked, offline, continueOnError, onLog: rememberLog, emit: show.onEvent };
  if (plan) {
    const steps = await planTargets(builds, common);
    printPlan(steps, groups, json);
    return;
  }
  const report = await runTargets(builds, common).finally(() => show.close());
  const targets = report.targets.map((target) =>
    target.status === 'failed' ? { ...target, error: describeError(target.error) } : target,
  );
  if (!json) print(renderTargets(report));
  const isDone = ({ name }: { readonly name?: string | undefined }) =>
    report.targets.some((target) => target.name === name && target.status === 'done');
  const after = createProgressRenderer(process.stderr);
  const events = { emit: after.onEvent, onLog: rememberLog };
  const published = await publishBuilds(groups, isDone, events)
    .then((push) => ({ push, failures: [] as unknown[] }))
    .catch((error: unknown) => ({ push: [], failures: [error] }))
    .finally(() => after.close());
  const { push, failures } = published;
  const more = {
    ...(groups.length > 0 && { push }),
    ...(failures.length > 0 && { error: describeError(failures[0]) }),
  };
  print(
    json ? `${JSON.stringify({ ...report, targets, ...more }, null, 2)}\n` : push.map(renderPush).join(''),
  );
  // The last to be told sets the exit status, and that is the first failure's.
  for (const error of [...failuresOf(report.targets), ...failures].reverse()) failWith(error);
}

/** What failed, each once: targets that share a step share its failure. */
export function failuresOf(targets: readonly TargetReport[]): unknown[] {
  const failures = new Map<string, { readonly error: unknown; readonly names: string[] }>();
  for (const target of targets) {
    if (target.status !== 'failed') continue;
    const key = messageOf(target.error);
    const known = failures.get(key);
    if (known) known.names.push(target.name);
    else failures.set(key, { error: target.error, names: [target.name] });
  }
  return [...failures.values()].map(({ error, names }) => {
    if (!(error instanceof FactoryError)) return error;
    const { kind, message, details, remedy } = error;
    return new FactoryError(kind, `${names.join(', ')}: ${message}`, {
      details,
      ...(remedy === undefined ? {} : { remedy }),
      cause: error,
    });
  });
}
