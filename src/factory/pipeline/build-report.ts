import type { BuildSignatures } from '../signing/sign-build.ts';
import type { StepTiming } from './scheduler.ts';
import type { ScanReport } from './steps/vulnerability-step.ts';
import type { Manifest } from './write-output-manifest.ts';

/** The report of a finished build. */
export interface BuildReport {
  readonly output: string;
  readonly manifest: Manifest;
  /** Who signed it, and the bundles; absent where no signature was asked for. */
  readonly signatures?: BuildSignatures;
  /** Result of the search for vulnerabilities; absent when none was asked for. */
  readonly vulnerabilities?: ScanReport;
  readonly steps: readonly StepTiming[];
  /** Wall time in seconds. */
  readonly seconds: number;
}

/** How a target ended. */
export type TargetReport = {
  /** Absent for the target of a configuration that has only one. */
  readonly name?: string | undefined;
} & (
  | ({ readonly status: 'done' } & BuildReport)
  | { readonly status: 'failed'; readonly error: unknown }
  | { readonly status: 'cancelled' }
);

/** The report of a run. */
export interface TargetsReport {
  /** In the order of the configuration. */
  readonly targets: readonly TargetReport[];
  /** Wall time in seconds. */
  readonly seconds: number;
}

/** The build of a run of one target. @throws the failure of that target */
export function onlyBuild({ targets }: TargetsReport): BuildReport {
  const [only] = targets;
  if (only === undefined || only.status === 'cancelled') throw new RangeError('the target did not end');
  if (only.status === 'failed') throw only.error;
  const { name: _, status: __, ...build } = only;
  return build;
}
