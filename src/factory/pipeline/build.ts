import { join } from 'node:path';
import type { Arch } from '../../common/contract/architectures.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { chooseFlavor } from '../catalog/flavors/choose.ts';
import { requireSnapshots } from '../catalog/flavors/snapshot.ts';
import { requireBoard } from '../catalog/models/board.ts';
import { loadModel } from '../catalog/models/load.ts';
import { parseBaseReference } from '../config/base-reference.ts';
import type { ArtifactsSpec, BuildSpec } from '../config/schema.ts';
import { requireRunnable } from '../engine/foreign-arch.ts';
import { createBlobCache } from '../inputs/base/blob-cache.ts';
import { createImageSource, type ImageSource } from '../inputs/base/image-source.ts';
import { type BuildSignatures, type BuildSigningContext, openBuildSigner } from '../signing/sign-build.ts';
import { secretVariables } from '../signing/signer.ts';
import type { BuildEnvironment } from './build-environment.ts';
import { createCache } from './cache.ts';
import type { BuildEvent, PlannedStep } from './events.ts';
import { artifactsGraph, buildGraph } from './graph.ts';
import { recordPackages } from './record-packages.ts';
import { type Manifest, writeReleaseFiles } from './release-folder.ts';
import { planSteps, runSteps, type StepTiming } from './run-plan.ts';
import {
  AGENTS,
  compiledAgent,
  FLAVORS,
  MODELS,
  type Session,
  type SessionWish,
  TEMPLATES,
  toolVersion,
  withSession,
} from './session.ts';
import type { Results, Step } from './step.ts';
import { type ScanReport, VULNERABILITY_STEP } from './steps/vulnerability-step.ts';
import { openOutput } from './workspace.ts';

/** How a build is run, besides what it builds. */
export interface BuildOptions {
  readonly useCache: boolean;
  /** Take no image and no package that the lock does not have. */
  readonly locked: boolean;
  /** Fetch nothing. */
  readonly offline: boolean;
  readonly emit: (event: BuildEvent) => void;
  /** Told the path of the log as soon as there is one. */
  readonly onLog: (file: string) => void;
}

/** What a finished build tells. */
export interface BuildReport {
  readonly output: string;
  readonly manifest: Manifest;
  /** Who signed it, and the bundles; absent where nobody was asked to. */
  readonly signatures?: BuildSignatures;
  readonly steps: readonly StepTiming[];
  /** How the search for vulnerabilities went; absent when none was asked for. */
  readonly vulnerabilities?: ScanReport;
  /** Wall time in seconds. */
  readonly seconds: number;
}

/** What to make: from a base, or from a ready OS image. */
export type Job =
  | { readonly type: 'build'; readonly spec: BuildSpec }
  | { readonly type: 'artifacts'; readonly spec: ArtifactsSpec; readonly image: string };

/** Plans a job without building anything. */
export async function planJob(job: Job, options: BuildOptions): Promise<PlannedStep[]> {
  const wish = sessionOf([job.spec]);
  return withSession(async (session) => {
    options.onLog(session.workspace.log);
    const images = imageSource(session, job.spec, options, false);
    const env = environment(session, options, images, (name) => name);
    return planSteps(await graph(env, job, session), planContext(session, options));
  }, wish);
}

/**
 * Runs a job.
 * @throws FactoryError as documented at `runSteps`, `openOutput` and `chooseFlavor`
 */
export async function runJob(job: Job, options: BuildOptions): Promise<BuildReport> {
  const started = performance.now();
  const wish = sessionOf([job.spec]);
  return withSession(async (session) => {
    options.onLog(session.workspace.log);
    const images = imageSource(session, job.spec, options, true);
    // Checked before anything is made, the output directory included.
    await graph(
      environment(session, options, images, (name) => name),
      job,
      session,
    );
    if (job.type === 'build') await requireArch(job.spec.arch, session);
    const signer = await openBuildSigner(job.spec.sign, signingContext(session, options));
    const output = await openOutput(job.spec.output);
    try {
      const env = environment(session, options, images, output.partial);
      const steps = await graph(env, job, session);
      const context = { ...planContext(session, options), cancel: session.cancel };
      options.emit({ type: 'plan', steps: await planSteps(steps, context) });
      const { results, timings } = await runSteps(steps, context);
      const manifest = await writeReleaseFiles(env, output.path, results);
      if (job.type === 'build') recordPackages(env, job.spec, results, options.emit);
      const signatures = await signer?.signOutput(output.path, output.partial);
      const seconds = (performance.now() - started) / 1000;
      return {
        ...{ output: output.path, manifest, ...(signatures ? { signatures } : {}), ...scanOf(results) },
        ...{ steps: timings, seconds },
      };
    } finally {
      await signer?.close();
      await output.close();
    }
  }, wish);
}

/** What the session of builds is like. */
export function sessionOf(specs: readonly ArtifactsSpec[], engine = specs[0]?.engine): SessionWish {
  return { engine, secrets: specs.flatMap(({ sign }) => secretVariables(sign)) };
}

/** What signing takes of a session. */
export function signingContext(
  { runner, signal, workspace }: Session,
  { emit }: BuildOptions,
): BuildSigningContext {
  const notice = (text: string) => emit({ type: 'notice', text });
  return { runner, signal, work: workspace.work, env: process.env, notice };
}

/** How the search for vulnerabilities went, as reports have it. */
export function scanOf(results: Results): Pick<BuildReport, 'vulnerabilities'> {
  const scan = results.get(VULNERABILITY_STEP)?.facts['scan'] as ScanReport | undefined;
  return scan === undefined ? {} : { vulnerabilities: scan };
}

/** What only an image for another architecture lacks is told before the minutes that its base takes. */
export async function requireArch(arch: Arch, { runner, workspace }: Session): Promise<void> {
  await requireRunnable(runner, arch, workspace.work);
  compiledAgent(arch);
}

async function graph(env: BuildEnvironment, job: Job, session: Session): Promise<Step[]> {
  if (job.type === 'artifacts') {
    return artifactsGraph(env, job.spec, parseBaseReference(job.image, process.cwd()), session.signal);
  }
  return buildSteps(env, job.spec, session);
}

/** The steps of one build, with what they need of flavors and models. @throws FactoryError `usage` */
export async function buildSteps(
  env: BuildEnvironment,
  spec: BuildSpec,
  { signal }: Session,
): Promise<Step[]> {
  const flavor = await chooseFlavor(env.flavors, spec.flavor);
  const model = await loadModel(env.models, spec.model);
  if (flavor.named !== undefined) requireBoard(model, flavor.named.flavor, spec.arch);
  // Told before the base is fetched, where the flavor is known.
  if (flavor.named !== undefined && spec.snapshot !== undefined) requireSnapshots(flavor.named.flavor);
  return buildGraph(env, spec, flavor, model, signal);
}

/** The images of registries that a job is made from. @param mayWrite whether the lock may be written */
export function imageSource(
  { runner, workspace, signal }: Session,
  spec: ArtifactsSpec,
  { locked, offline, emit }: BuildOptions,
  mayWrite: boolean,
): ImageSource {
  return createImageSource({
    access: { runner, registries: spec.registries, env: process.env, signal },
    cache: createBlobCache(workspace.registry, workspace.owner),
    lockFile: spec.lockFile,
    ...{ locked, offline, mayWrite },
    notice: (text) => emit({ type: 'notice', text }),
  });
}

/** What the steps of a build share in a session. @param partial names the unfinished form of an output file */
export function environment(
  { engine, daemon, runner, workspace }: Session,
  { useCache, locked, offline }: BuildOptions,
  images: ImageSource,
  partial: (name: string) => string,
  target?: string,
): BuildEnvironment {
  return {
    engine,
    daemon,
    runner,
    images,
    locked,
    target,
    offline,
    templates: TEMPLATES,
    agent: compiledAgent,
    agents: AGENTS,
    variables: process.env,
    flavors: FLAVORS,
    models: MODELS,
    tool: toolVersion(),
    digests: join(workspace.cache, 'digests'),
    downloads: join(workspace.cache, 'downloads'),
    fetch: offline ? refuseToFetch : fetch,
    work: workspace.work,
    partial,
    useCache,
    epoch: sourceDateEpoch(process.env['SOURCE_DATE_EPOCH']),
  };
}

/** The variable as reproducible-builds.org specifies it: a decimal number of seconds. */
export function sourceDateEpoch(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^[1-9]\d{0,9}$/.test(text)) return text;
  throw new FactoryError('usage', `SOURCE_DATE_EPOCH: "${text}" is no number of seconds since 1970`, {
    remedy: 'Set it to a whole number, or not at all.',
  });
}

async function refuseToFetch(url: string): Promise<never> {
  throw new FactoryError('step', `${url} is not in the cache, and --offline fetches nothing`, {
    remedy: 'Run the same command once without --offline, where there is a network; or name a local file.',
  });
}

/** What planning and running share in a session. */
export function planContext({ runner, workspace, signal }: Session, { useCache, emit }: BuildOptions) {
  return { cache: createCache(workspace.cache), runner, signal, work: workspace.work, useCache, emit };
}
