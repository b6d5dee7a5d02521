import { FactoryError } from '../../common/errors/factory-error.ts';
import type { EngineChoice } from '../config/schema.ts';
import { secretVariables } from '../signing/signer.ts';
import type { BuildOptions } from './build-options.ts';
import type { TargetsReport } from './build-report.ts';
import { type EngineSessionOptions, withEngine } from './engine-session.ts';
import type { PlannedStep } from './events.ts';
import { openGroups } from './open-groups.ts';
import { openOutputs, openSigners } from './open-resources.ts';
import { planGroups } from './plan-groups.ts';
import { runGroups } from './run-groups.ts';
import type { Target } from './target.ts';
import { schedulerContext } from './target-environment.ts';
import { requireArch } from './target-steps.ts';

/** Options of {@link runTargets}. */
export interface TargetsOptions extends BuildOptions {
  /** Whether the other targets continue when one fails. */
  readonly continueOnError?: boolean;
}

/** Plans targets without building anything. @throws FactoryError as documented at `runTargets`, for errors before the build */
export async function planTargets(
  targets: readonly Target[],
  options: TargetsOptions,
): Promise<PlannedStep[]> {
  return withEngine(
    async (session) =>
      planGroups(await openGroups(targets, { session, options }), schedulerContext(session, options)),
    sessionOptions(targets, options),
  );
}

/**
 * Runs targets in parallel; a step that several targets share runs once. Writes `manifest.json` and `SHA256SUMS` of each
 * target as soon as the target is done.
 * @returns the report, which includes the failures of targets
 * @throws FactoryError `usage` for errors before the build, `interrupted` after a signal
 */
export async function runTargets(
  targets: readonly Target[],
  options: TargetsOptions,
): Promise<TargetsReport> {
  const started = performance.now();
  return withEngine(
    async (session) => {
      // Check everything before the build starts, including the output directories.
      await openGroups(targets, { session, options });
      for (const arch of archesOf(targets)) await requireArch(arch, session);
      await using signers = await openSigners(targets, session, options);
      await using outputs = await openOutputs(targets);
      const groups = await openGroups(targets, { session, options, outputs: outputs.opened });
      const { continueOnError = false } = options;
      const context = { ...schedulerContext(session, options), continueOnError };
      options.emit({ type: 'plan', steps: await planGroups(groups, context) });
      const resources = { signers: signers.opened, outputs: outputs.opened };
      const reports = await runGroups(groups, { context, ...resources, started });
      // After an error, the session sweeps.
      if (reports.some(({ status }) => status === 'failed')) await session.sweep();
      return { targets: reports, seconds: (performance.now() - started) / 1000 };
    },
    sessionOptions(targets, options),
  );
}

/** Options for the session of a run of targets. */
export function sessionOptions(
  targets: readonly Target[],
  { onLog }: Pick<BuildOptions, 'onLog'>,
): EngineSessionOptions {
  const secrets = targets.flatMap(({ spec }) => secretVariables(spec.sign));
  return { engine: engineOf(targets), secrets, onLog };
}

/** The engine of all targets. @throws FactoryError `usage` when targets name different engines */
function engineOf(targets: readonly Target[]): EngineChoice | undefined {
  const [engine, ...others] = new Set(targets.map(({ spec }) => spec.engine));
  if (others.length === 0) return engine;
  throw new FactoryError(
    'TARGET_CONFLICT',
    `targets name different engines: ${[engine, ...others].join(', ')}`,
    {
      remedy: 'Set engine once, outside matrix and targets.',
    },
  );
}

function archesOf(targets: readonly Target[]) {
  return new Set(targets.flatMap((target) => (target.image === undefined ? [target.spec.arch] : [])));
}
