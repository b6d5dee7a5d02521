import { FactoryError } from '../../common/errors/factory-error.ts';
import type { RootShell } from '../engine/container-engine.ts';
import { checkRoom, filesystemsOf, requireRoom } from '../machine/room.ts';
import { secretVariables } from '../signing/signer.ts';
import type { BuildOptions } from './build-options.ts';
import type { TargetReport, TargetsReport } from './build-report.ts';
import { buildkitOf, engineOf } from './common-choices.ts';
import { type EngineSession, type EngineSessionOptions, withEngine } from './engine-session.ts';
import { withAllFaults } from './machine-faults.ts';
import { openGroups } from './open-groups.ts';
import { openOutputs, openSigners } from './open-resources.ts';
import { NOT_SHARED, openSharedCache } from './open-shared-cache.ts';
import { planGroups } from './plan-groups.ts';
import { type PredictedPlan, predictGroups } from './predict-groups.ts';
import { runGroups } from './run-groups.ts';
import type { Target } from './target.ts';
import { schedulerContext } from './target-environment.ts';
import { requireArches } from './target-steps.ts';

/** Options of {@link runTargets}. */
export interface TargetsOptions extends BuildOptions {
  /** Whether the other targets continue when one fails. */
  readonly continueOnError?: boolean;
  /** Called after a failure, when nothing runs any more, with the root of the last build. */
  readonly onFailedRoot?: ((root: RootShell) => Promise<void>) | undefined;
}

/**
 * Plans targets without building anything.
 * @throws FactoryError as documented at `runTargets`, for errors before the build
 */
export async function planTargets(
  targets: readonly Target[],
  options: TargetsOptions,
): Promise<PredictedPlan> {
  return withAllFaults(targets, (ready) =>
    withEngine(
      async (own) => {
        await using sharing = await openSharedCache(targets, own, { ...options, mayWrite: false });
        ready();
        const session = { ...own, engine: sharing.shared?.engine ?? own.engine };
        const groups = await openGroups(targets, { session, options });
        const planned = await planGroups(groups, schedulerContext(session, options, sharing.shared));
        return await predictGroups(groups, planned, session.workspace);
      },
      sessionOptions(targets, options),
    ),
  );
}

/**
 * Runs targets in parallel; a step that several targets share runs once. Writes `manifest.json` and `SHA256SUMS` of each
 * target as soon as the target is done.
 * @returns the report, which includes the failures of targets
 * @throws FactoryError `usage` for errors before the build, `tool` with all that the machine lacks, `step` without enough room,
 *   `interrupted` after a signal
 */
export async function runTargets(
  targets: readonly Target[],
  options: TargetsOptions,
): Promise<TargetsReport> {
  const report = await runOnce(targets, options);
  if (!report.targets.some(hasLost)) return report;
  // What was made so far is in the cache of this machine.
  options.emit({
    type: 'notice',
    text: 'the build goes on without the shared cache, which has lost a result',
  });
  return await runOnce(targets, { ...options, shares: false });
}

/** Whether a target failed because of the shared cache, and not of its build. */
function hasLost(target: TargetReport): boolean {
  return target.status === 'failed' && isLost(target.error);
}

function isLost(error: unknown): boolean {
  if (!(error instanceof FactoryError)) return false;
  return error.code === 'SHARED_RESULT_LOST' || isLost(error.cause);
}

async function runOnce(
  targets: readonly Target[],
  { shares = true, ...options }: TargetsOptions & { readonly shares?: boolean },
): Promise<TargetsReport> {
  const started = performance.now();
  return withAllFaults(targets, (ready) =>
    withEngine(
      async (own) => {
        // Check everything before the build starts, including the output directories.
        await openGroups(targets, { session: own, options });
        await requireArches(targets, own);
        await using signers = await openSigners(targets, own, options);
        await using sharing = shares
          ? await openSharedCache(targets, own, { ...options, mayWrite: true })
          : NOT_SHARED;
        const { shared } = sharing;
        const session = { ...own, engine: shared?.engine ?? own.engine };
        ready();
        await using outputs = await openOutputs(targets);
        const groups = await openGroups(targets, { session, options, outputs: outputs.opened });
        const { continueOnError = false } = options;
        const general = schedulerContext(session, options, shared);
        const written = [...outputs.opened.values()].map(({ path }) => path);
        const context = { ...general, continueOnError, places: [...written, ...(general.places ?? [])] };
        const plan = await predictGroups(groups, await planGroups(groups, context), session.workspace);
        options.emit({ type: 'plan', steps: plan.steps });
        await reserveRoom(plan, options.emit);
        const resources = { signers: signers.opened, outputs: outputs.opened };
        const reports = await runGroups(groups, { context, ...resources, started });
        await shared?.finish(reports.every(({ status }) => status !== 'failed'));
        // After an error, the session sweeps.
        if (reports.some(({ status }) => status === 'failed')) {
          if (!reports.some(hasLost)) await showRoot(session, options);
          await session.sweep();
        }
        return { targets: reports, seconds: (performance.now() - started) / 1000 };
      },
      sessionOptions(targets, options),
    ),
  );
}

/** Lets a person look into the root of the last build. */
async function showRoot(
  { engine, log }: Pick<EngineSession, 'engine' | 'log'>,
  { onFailedRoot }: Pick<TargetsOptions, 'onFailedRoot'>,
): Promise<void> {
  if (onFailedRoot === undefined) return;
  const root = await engine.lastRoot?.();
  if (root === undefined) log('shell on failure: no root was built');
  else await onFailedRoot(root);
}

/** Compares the room that a plan takes with what is free. @throws FactoryError `step` when there is too little */
async function reserveRoom({ room }: PredictedPlan, emit: BuildOptions['emit']): Promise<void> {
  const filesystems = await filesystemsOf(room);
  requireRoom(filesystems);
  const short = checkRoom(filesystems).find(({ state }) => state === 'warning');
  if (short?.problem !== undefined)
    emit({ type: 'notice', text: `there may be too little room: ${short.problem}` });
}

/** Options for the session of a run of targets. */
export function sessionOptions(
  targets: readonly Target[],
  { onLog, onFailedRoot }: Pick<TargetsOptions, 'onLog' | 'onFailedRoot'>,
): EngineSessionOptions {
  const secrets = targets.flatMap(({ spec }) => [
    ...secretVariables(spec.sign),
    ...secretVariables(spec.sharedCache?.sign),
  ]);
  return {
    engine: engineOf(targets),
    buildkit: buildkitOf(targets),
    secrets,
    onLog,
    keepFailed: onFailedRoot !== undefined,
  };
}
