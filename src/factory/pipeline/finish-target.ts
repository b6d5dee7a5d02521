import type { BuildSignatures } from '../signing/sign-build.ts';
import type { BuildEnvironment } from './build-environment.ts';
import type { BuildReport, TargetReport } from './build-report.ts';
import type { BuildEvent } from './events.ts';
import { recordPackages } from './record-packages.ts';
import type { GroupOutcome } from './scheduler.ts';
import { findResult, type Results } from './step.ts';
import { VULNERABILITY_STEP } from './steps/vulnerability-step.ts';
import type { Target } from './target.ts';
import { writeOutputManifest } from './write-output-manifest.ts';

/** A target whose steps have ended. */
interface EndedTarget {
  readonly target: Target;
  readonly env: BuildEnvironment;
  readonly outcome: GroupOutcome;
}

/** Options of {@link finishTarget}. */
interface FinishOptions {
  /** Start of the run, from `performance.now()`. */
  readonly started: number;
  /** Signs the output; `undefined` if signing is not configured. */
  readonly sign: (() => Promise<BuildSignatures>) | undefined;
  readonly emit: (event: BuildEvent) => void;
}

/**
 * Writes the manifest and checksums of a target, locks its packages and signs its output.
 * @returns the report of the target
 * @throws the error of the file system when a file cannot be written; FactoryError `usage` when the lock cannot be written
 */
export async function finishTarget(
  { target, env, outcome }: EndedTarget,
  { started, sign, emit }: FinishOptions,
): Promise<TargetReport> {
  const { name, spec } = target;
  const { results, timings, failure, isCancelled } = outcome;
  if (failure !== undefined) return { name, status: 'failed', error: failure };
  if (isCancelled) return { name, status: 'cancelled' };
  const manifest = await writeOutputManifest(env, spec.output, results);
  if (target.image === undefined)
    await recordPackages(env, { lockFile: target.spec.lockFile, results, emit });
  // Without its signature the output is complete, but the target has failed.
  const signed = await sign?.().then(
    (signatures) => ({ signatures }),
    (error: unknown) => ({ error }),
  );
  if (signed && 'error' in signed) return { name, status: 'failed', error: signed.error };
  const seconds = (performance.now() - started) / 1000;
  const scan = scanOf(results);
  return { name, status: 'done', output: spec.output, manifest, ...signed, ...scan, steps: timings, seconds };
}

/** The result of the vulnerability scan. */
function scanOf(results: Results): Pick<BuildReport, 'vulnerabilities'> {
  const found = findResult(results, VULNERABILITY_STEP);
  return found === undefined ? {} : { vulnerabilities: found.facts.scan };
}
