import { FactoryError } from '../../common/errors/factory-error.ts';
import type { EngineChoice } from '../config/schema.ts';
import { type BuildSigner, openBuildSigner } from '../signing/sign-build.ts';
import { secretVariables } from '../signing/signer.ts';
import type { BuildEnvironment } from './build-environment.ts';
import type { BuildOptions } from './build-options.ts';
import type { TargetsReport } from './build-report.ts';
import { type EngineSession, type EngineSessionOptions, withEngine } from './engine-session.ts';
import type { PlannedStep } from './events.ts';
import { finishTarget } from './finish-target.ts';
import type { Group } from './group.ts';
import { targetImages } from './image-sources.ts';
import { planGroups } from './plan-groups.ts';
import { createScheduler } from './scheduler.ts';
import type { Target } from './target.ts';
import { schedulerContext, targetEnvironment } from './target-environment.ts';
import { requireArch, targetSteps } from './target-steps.ts';
import { type OutputDirectory, openOutput } from './workspace.ts';

/** How targets are run. */
export interface TargetsOptions extends BuildOptions {
  /** Whether the other targets go on when one fails. */
  readonly continueOnError?: boolean;
}

/** Plans targets without building anything. @throws FactoryError as `runTargets` does before it begins */
export async function planTargets(
  targets: readonly Target[],
  options: TargetsOptions,
): Promise<PlannedStep[]> {
  return withEngine(
    async (session) =>
      planGroups(await openGroups(targets, session, options), schedulerContext(session, options)),
    sessionOptions(targets, options),
  );
}

/**
 * Runs targets side by side; what several of them need is made once. `manifest.json` and `SHA256SUMS` of each are written as
 * soon as it is done.
 * @throws FactoryError `usage` before anything is made, `interrupted` after a signal; failures of targets are in the
 *   report
 */
export async function runTargets(
  targets: readonly Target[],
  options: TargetsOptions,
): Promise<TargetsReport> {
  const started = performance.now();
  return withEngine(
    async (session) => {
      // Everything is checked before anything is made, the output directories included.
      await openGroups(targets, session, options);
      for (const arch of archesOf(targets)) await requireArch(arch, session);
      await using signers = await openSigners(targets, session, options);
      await using outputs = await openOutputs(targets);
      const groups = await openGroups(targets, session, options, outputs.opened);
      const { continueOnError = false } = options;
      const context = { ...schedulerContext(session, options), continueOnError };
      options.emit({ type: 'plan', steps: await planGroups(groups, context) });
      const run = createScheduler(context);
      const reports = await Promise.all(
        groups.map(async (group) => {
          const [signer, output] = [signers.opened.get(group.target), outputs.opened.get(group.target)];
          const sign = signer && output && (() => signer.signOutput(output.path, output.partial));
          return finishTarget({ ...group, outcome: await run(group) }, { started, sign, emit: options.emit });
        }),
      );
      const failures = reports.flatMap((report) => (report.status === 'failed' ? [report.error] : []));
      if (failures.length > 0) await session.sweep();
      // The report has the failure that cancelled the others; after a signal, there is nothing to report.
      if (!failures.includes(session.signal.reason)) session.signal.throwIfAborted();
      return { targets: reports, seconds: (performance.now() - started) / 1000 };
    },
    sessionOptions(targets, options),
  );
}

/** The session of a run of targets. */
export function sessionOptions(
  targets: readonly Target[],
  { onLog }: Pick<BuildOptions, 'onLog'>,
): EngineSessionOptions {
  const secrets = targets.flatMap(({ spec }) => secretVariables(spec.sign));
  return { engine: engineOf(targets), secrets, onLog };
}

/** One engine has the images of all. @throws FactoryError `usage` when targets name different ones */
function engineOf(targets: readonly Target[]): EngineChoice | undefined {
  const [engine, ...others] = new Set(targets.map(({ spec }) => spec.engine));
  if (others.length === 0) return engine;
  throw new FactoryError(
    'TARGET_CONFLICT',
    `targets name different engines: ${[engine, ...others].join(', ')}`,
    {
      remedy: 'Name one engine for all targets, outside of matrix and targets.',
    },
  );
}

function archesOf(targets: readonly Target[]) {
  return new Set(targets.flatMap((target) => (target.image === undefined ? [target.spec.arch] : [])));
}

/** The steps of a target, with what they were made for. */
export interface TargetGroup extends Group {
  readonly target: Target;
  readonly env: BuildEnvironment;
}

/** @param outputs where results go; without one, nothing is written, the lock included */
function openGroups(
  targets: readonly Target[],
  session: EngineSession,
  options: TargetsOptions,
  outputs: ReadonlyMap<Target, OutputDirectory> = new Map(),
): Promise<TargetGroup[]> {
  return Promise.all(
    targets.map(async (target) => {
      const { name, spec } = target;
      const output = outputs.get(target);
      // Each has its own source of images, for its manifest lists the images of its own build.
      const images = targetImages(session, spec, { ...options, mayWrite: output !== undefined });
      const partial = output?.partial ?? ((file: string) => file);
      const env = targetEnvironment(session, options, { images, partial, target: name });
      return { name, target, env, steps: await targetSteps(env, target, session.signal) };
    }),
  );
}

/** What is open for each target, until the run ends. */
interface Opened<T> extends AsyncDisposable {
  readonly opened: ReadonlyMap<Target, T>;
}

function openSigners(
  targets: readonly Target[],
  { runner, signal, workspace }: EngineSession,
  { emit }: BuildOptions,
): Promise<Opened<BuildSigner>> {
  const notice = (text: string) => emit({ type: 'notice', text });
  const context = { runner, signal, work: workspace.work, env: process.env, notice };
  return openEach(targets, ({ spec }) => openBuildSigner(spec.sign, context));
}

function openOutputs(targets: readonly Target[]): Promise<Opened<OutputDirectory>> {
  return openEach(targets, ({ spec }) => openOutput(spec.output));
}

/** Opens something for each target, one after the other; what is open is closed when one cannot be opened. */
async function openEach<T extends { close(): Promise<void> }>(
  targets: readonly Target[],
  open: (target: Target) => Promise<T | undefined>,
): Promise<Opened<T>> {
  const opened = new Map<Target, T>();
  const close = async () => {
    for (const one of opened.values()) await one.close();
  };
  try {
    for (const target of targets) {
      const one = await open(target);
      if (one !== undefined) opened.set(target, one);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { opened, [Symbol.asyncDispose]: close };
}
