import { FactoryError } from '../../common/errors/factory-error.ts';
import type { BuildSpec, EngineChoice } from '../config/schema.ts';
import { type BuildSignatures, type BuildSigner, openBuildSigner } from '../signing/sign-build.ts';
import {
  type BuildOptions,
  type BuildReport,
  buildSteps,
  environment,
  imageSource,
  planContext,
  requireArch,
  scanOf,
  sessionOf,
  signingContext,
} from './build.ts';
import type { PlannedStep } from './events.ts';
import { recordPackages } from './record-packages.ts';
import { writeReleaseFiles } from './release-folder.ts';
import { createScheduler, type GroupOutcome, planGroups } from './run-plan.ts';
import { type Session, withSession } from './session.ts';
import { type OutputDirectory, openOutput } from './workspace.ts';

/** A build with a name, among others. */
export interface NamedBuild {
  readonly name: string;
  readonly spec: BuildSpec;
}

/** How several builds are run. */
export interface TargetsOptions extends BuildOptions {
  /** Whether the failure of one leaves the others alone. */
  readonly continueOnError: boolean;
}

/** How a build among others ended. */
export type TargetReport = { readonly name: string } & (
  | ({ readonly status: 'done' } & BuildReport)
  | { readonly status: 'failed'; readonly error: unknown }
  | { readonly status: 'cancelled' }
);

/** What a run of several builds tells. */
export interface TargetsReport {
  /** In the order of the configuration. */
  readonly targets: readonly TargetReport[];
  /** Wall time in seconds. */
  readonly seconds: number;
}

/** Plans several builds without building anything. @throws FactoryError as `runTargets` does before it begins */
export async function planTargets(
  builds: readonly NamedBuild[],
  options: TargetsOptions,
): Promise<PlannedStep[]> {
  return withSession(async (session) => {
    options.onLog(session.workspace.log);
    const groups = await groupsOf(builds, session, options, () => undefined);
    return planGroups(groups, planContext(session, options));
  }, groupSession(builds));
}

/**
 * Runs several builds side by side; what several of them need is made once. The release files of each are written as
 * soon as it is done.
 * @throws FactoryError `usage` before anything is made, `interrupted` after a signal; failures of builds are in the
 *   report
 */
export async function runTargets(
  builds: readonly NamedBuild[],
  options: TargetsOptions,
): Promise<TargetsReport> {
  const started = performance.now();
  return withSession(async (session) => {
    options.onLog(session.workspace.log);
    // Everything is checked before anything is made, the output directories included.
    await groupsOf(builds, session, options, () => undefined);
    for (const arch of new Set(builds.map(({ spec }) => spec.arch))) await requireArch(arch, session);
    const outputs = new Map<string, OutputDirectory>();
    const signers = new Map<string, BuildSigner>();
    try {
      for (const { name, spec } of builds) {
        const signer = await openBuildSigner(spec.sign, signingContext(session, options));
        if (signer) signers.set(name, signer);
      }
      for (const { name, spec } of builds) outputs.set(name, await openOutput(spec.output));
      const groups = await groupsOf(builds, session, options, (name) => outputs.get(name));
      const { continueOnError } = options;
      const context = { ...planContext(session, options), cancel: session.cancel, continueOnError };
      options.emit({ type: 'plan', steps: await planGroups(groups, context) });
      const run = createScheduler(context);
      const targets = await Promise.all(
        groups.map(async (group) => {
          const [signer, output] = [signers.get(group.name), outputs.get(group.name)];
          const sign = signer && output && (() => signer.signOutput(output.path, output.partial));
          return report(group, await run(group), started, options, sign);
        }),
      );
      // Aborted by a failure of ours, the report tells it; by a signal, there is nothing to report.
      const { signal } = session;
      const isOurs = targets.some((target) => target.status === 'failed' && target.error === signal.reason);
      if (!isOurs) signal.throwIfAborted();
      return { targets, seconds: (performance.now() - started) / 1000 };
    } finally {
      for (const signer of signers.values()) await signer.close();
      for (const output of outputs.values()) await output.close();
    }
  }, groupSession(builds));
}

function groupSession(builds: readonly NamedBuild[]): ReturnType<typeof sessionOf> {
  return sessionOf(
    builds.map(({ spec }) => spec),
    engineOf(builds),
  );
}

/** One engine has the images of all. @throws FactoryError `usage` when targets name different ones */
function engineOf(builds: readonly NamedBuild[]): EngineChoice | undefined {
  const [engine, ...others] = new Set(builds.map(({ spec }) => spec.engine));
  if (others.length === 0) return engine;
  throw new FactoryError('usage', `targets name different engines: ${[engine, ...others].join(', ')}`, {
    remedy: 'Name one engine for all targets, outside of matrix and targets.',
  });
}

type TargetGroup = Awaited<ReturnType<typeof groupsOf>>[number];

async function groupsOf(
  builds: readonly NamedBuild[],
  session: Session,
  options: TargetsOptions,
  outputOf: (name: string) => OutputDirectory | undefined,
) {
  return Promise.all(
    builds.map(async ({ name, spec }) => {
      const output = outputOf(name);
      // Each has its own, for a manifest lists what its own build took.
      const images = imageSource(session, spec, options, output !== undefined);
      const env = environment(session, options, images, output?.partial ?? ((file) => file), name);
      return { name, spec, env, steps: await buildSteps(env, spec, session) };
    }),
  );
}

async function report(
  { name, spec, env }: TargetGroup,
  { results, timings, failure, isCancelled }: GroupOutcome,
  started: number,
  { emit }: TargetsOptions,
  sign: (() => Promise<BuildSignatures>) | undefined,
): Promise<TargetReport> {
  if (failure !== undefined) return { name, status: 'failed', error: failure };
  if (isCancelled) return { name, status: 'cancelled' };
  const manifest = await writeReleaseFiles(env, spec.output, results);
  recordPackages(env, spec, results, emit);
  // The release files are there, and whole; only a signature is missing, and this target has failed.
  const signed = await sign?.().then(
    (signatures) => ({ signatures }),
    (error: unknown) => ({ error }),
  );
  if (signed && 'error' in signed) return { name, status: 'failed', error: signed.error };
  const seconds = (performance.now() - started) / 1000;
  return {
    ...{ name, status: 'done', output: spec.output, manifest, ...signed, steps: timings, seconds },
    ...scanOf(results),
  };
}
