import type { BuildSignatures } from '../signing/sign-build.ts';
import type { StepTiming } from './scheduler.ts';
import type { ScanReport } from './steps/vulnerability-step.ts';
import type { Manifest } from './write-output-manifest.ts';

/** The report of a finished build. */
export interface BuildReport {
  readonly output: string;
  readonly manifest: Manifest;
  /** The signer and the bundles; absent if signing is not configured. */
  readonly signatures?: BuildSignatures;
  /** Result of the vulnerability scan; absent if the scan is not configured. */
  readonly vulnerabilities?: ScanReport;
  readonly steps: readonly StepTiming[];
  /** Wall time in seconds. */
  readonly seconds: number;
}

/** The report of a target. */
export type TargetReport = {
  /** Absent for the only target of a configuration. */
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

/** The report of the only target of a run. @throws the failure of that target */
export function onlyBuild({ targets }: TargetsReport): BuildReport {
  const [only] = targets;
  if (only === undefined || only.status === 'cancelled') throw new RangeError('the target did not end');
  if (only.status === 'failed') throw only.error;
  const { name: _, status: __, ...build } = only;
  return build;
}
