import { groupPushes, type PublishedGroup, type PushGroup } from '../deliver/publish/publish-build.ts';
import { onlyBuild, type TargetsReport } from '../pipeline/build-report.ts';
import { planTargets, runTargets } from '../pipeline/run-targets.ts';
import type { Target } from '../pipeline/target.ts';
import type { RunOptions } from './artifact-options.ts';
import { failedRootShell, requireTerminal } from './failed-root-shell.ts';
import { planReport } from './plan-report.ts';
import { type CommandReport, presentReport } from './present-report.ts';
import { publishDone } from './publish-done.ts';
import { describeError, rememberLog } from './render-error.ts';
import { createProgressRenderer } from './render-progress.ts';
import { renderPush } from './render-push.ts';
import { renderReport, renderTargets } from './render-report.ts';
import { appendSummary } from './render-summary.ts';
import { report as printReport } from './say.ts';
import { describeTargets, failuresOf } from './target-failures.ts';
import { ranInUserNamespace } from './user-namespace.ts';

/**
 * Runs targets and presents them: progress on stderr, the report on stdout, failures at the end on stderr. The exit status
 * is that of the first failure.
 * @param load loads the targets; its errors are reported like those of the targets
 */
export async function presentTargets(
  load: () => Promise<readonly Target[]>,
  options: RunOptions,
): Promise<void> {
  const { plan, json, useCache, locked, offline, continueOnError } = options;
  const { mermaid, shellOnFailure, summary } = options;
  if (shellOnFailure && !plan) requireTerminal({ json });
  // A failed push does not undo the build.
  let done: object = {};
  await presentReport({ json, partial: () => done }, async () => {
    const targets = await load();
    // Problems with a push are reported before the build.
    const groups = groupPushes(targets, { offline });
    if (await ranInUserNamespace(targets)) return undefined;
    const show = createProgressRenderer(process.stderr);
    const onFailedRoot = shellOnFailure ? failedRootShell(() => show.close()) : undefined;
    const emit = show.onEvent;
    const run = { useCache, locked, offline, continueOnError, onFailedRoot, onLog: rememberLog, emit };
    if (plan) return await planReport(await planTargets(targets, run), groups, { mermaid });
    const report = await runTargets(targets, run).finally(() => show.close());
    if (targets.some(({ name }) => name !== undefined))
      return severalReport(report, groups, { json, summary });
    done = onlyBuild(report);
    return singleReport(report, groups, { json, summary });
  });
}

/** Reports a single unnamed target. The part about the build is printed before the push. */
async function singleReport(
  report: TargetsReport,
  groups: readonly PushGroup[],
  { json, summary }: Pick<RunOptions, 'json' | 'summary'>,
): Promise<CommandReport> {
  const build = onlyBuild(report);
  if (!json) printReport(renderReport(build));
  const [published] = await publishDone(groups, report);
  await appendSummary(summary, report, published === undefined ? [] : [published]);
  if (published === undefined) return { json: build, text: '' };
  const { targets: _, ...push } = published;
  return { json: { ...build, push }, text: renderPush(push) };
}

async function severalReport(
  report: TargetsReport,
  groups: readonly PushGroup[],
  { json, summary }: Pick<RunOptions, 'json' | 'summary'>,
): Promise<CommandReport> {
  if (!json) printReport(renderTargets(report));
  const { push, failures } = await publishDone(groups, report).then(
    (all) => ({ push: all, failures: [] as unknown[] }),
    (error: unknown) => ({ push: [] as PublishedGroup[], failures: [error] }),
  );
  await appendSummary(summary, report, push);
  const [failure] = failures;
  const more = {
    ...(groups.length > 0 && { push }),
    ...(failures.length > 0 && { error: describeError(failure) }),
  };
  return {
    json: { ...report, targets: describeTargets(report), ...more },
    text: push.map(renderPush).join(''),
    failures: [...failuresOf(report.targets), ...failures],
  };
}
