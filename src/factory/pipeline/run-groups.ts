import type { BuildSigner } from '../signing/sign-build.ts';
import type { TargetReport } from './build-report.ts';
import { finishTarget } from './finish-target.ts';
import type { TargetGroup } from './open-groups.ts';
import { createScheduler, type SchedulerContext } from './scheduler.ts';
import type { Target } from './target.ts';
import type { OutputDirectory } from './workspace.ts';

/** Options of {@link runGroups}. */
export interface GroupsOptions {
  readonly context: SchedulerContext;
  /** Open signers; a target without one is not signed. */
  readonly signers: ReadonlyMap<Target, Pick<BuildSigner, 'signOutput'>>;
  /** The output directory of each target. */
  readonly outputs: ReadonlyMap<Target, Pick<OutputDirectory, 'path' | 'partial'>>;
  /** Start of the run, from `performance.now()`. */
  readonly started: number;
}

/**
 * Runs the steps of targets in parallel, and finishes and signs each target as soon as its steps have succeeded.
 * @returns one report per target, in the order of the groups; includes the failures of steps and of signing
 * @throws as documented at `finishTarget`; the reason of a signal that cancelled the run
 */
export async function runGroups(
  groups: readonly TargetGroup[],
  { context, signers, outputs, started }: GroupsOptions,
): Promise<TargetReport[]> {
  const { emit, signal } = context;
  const run = createScheduler(context);
  const reports = await Promise.all(
    groups.map(async (group) => {
      const signer = signers.get(group.target);
      const output = outputs.get(group.target);
      const sign = signer && output && (() => signer.signOutput(output.path, output.partial));
      return finishTarget({ ...group, outcome: await run(group) }, { started, sign, emit });
    }),
  );
  // A failure that cancelled other targets is in the report. After a signal, there is no report.
  const failures = reports.flatMap((report) => (report.status === 'failed' ? [report.error] : []));
  if (!failures.includes(signal.reason)) signal.throwIfAborted();
  return reports;
}
