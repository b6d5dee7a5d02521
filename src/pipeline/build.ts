import { join } from 'node:path';
import { parseReference } from '../base/reference.ts';
import { FactoryError } from '../errors/factory-error.ts';
import { loadFlavor } from '../flavors/load.ts';
import type { ArtifactsSpec, BuildSpec } from '../spec/schema.ts';
import type { BuildEnvironment } from './build-environment.ts';
import { createCache } from './cache.ts';
import type { BuildEvent, PlannedStep } from './events.ts';
import { artifactsGraph, buildGraph } from './graph.ts';
import { type Manifest, writeReleaseFiles } from './release-folder.ts';
import { planSteps, runSteps, type StepTiming } from './run-plan.ts';
import { compiledAgent, FLAVORS, type Session, TEMPLATES, toolVersion, withSession } from './session.ts';
import type { Step } from './step.ts';
import { openOutput } from './workspace.ts';

/** How a build is run, besides what it builds. */
export interface BuildOptions {
  readonly useCache: boolean;
  readonly emit: (event: BuildEvent) => void;
  /** Told the path of the log as soon as there is one. */
  readonly onLog: (file: string) => void;
}

/** What a finished build tells. */
export interface BuildReport {
  readonly output: string;
  readonly manifest: Manifest;
  readonly steps: readonly StepTiming[];
  /** Wall time in seconds. */
  readonly seconds: number;
}

/** What to make: from a base, or from a ready OS image. */
export type Job =
  | { readonly type: 'build'; readonly spec: BuildSpec }
  | { readonly type: 'artifacts'; readonly spec: ArtifactsSpec; readonly image: string };

/** Plans a job without building anything. */
export async function planJob(job: Job, options: BuildOptions): Promise<PlannedStep[]> {
  return withSession(async (session) => {
    options.onLog(session.workspace.log);
    const env = environment(session, options, (name) => name);
    return planSteps(await graph(env, job, session), planContext(session, options));
  });
}

/**
 * Runs a job.
 * @throws FactoryError as documented at `runSteps`, `openOutput` and `loadFlavor`
 */
export async function runJob(job: Job, options: BuildOptions): Promise<BuildReport> {
  const started = performance.now();
  return withSession(async (session) => {
    options.onLog(session.workspace.log);
    // Checked before anything is made, the output directory included.
    await graph(
      environment(session, options, (name) => name),
      job,
      session,
    );
    const output = await openOutput(job.spec.output);
    try {
      const env = environment(session, options, output.partial);
      const steps = await graph(env, job, session);
      const context = { ...planContext(session, options), cancel: session.cancel };
      options.emit({ type: 'plan', steps: await planSteps(steps, context) });
      const { results, timings } = await runSteps(steps, context);
      const manifest = await writeReleaseFiles(env, output.path, results);
      return { output: output.path, manifest, steps: timings, seconds: (performance.now() - started) / 1000 };
    } finally {
      await output.close();
    }
  });
}

async function graph(env: BuildEnvironment, job: Job, session: Session): Promise<Step[]> {
  if (job.type === 'artifacts') {
    return artifactsGraph(env, job.spec, parseReference(job.image, process.cwd()), session.signal);
  }
  return buildGraph(env, job.spec, await loadFlavor(env.flavors, job.spec.flavor), session.signal);
}

/** What the steps of a run share. */
export function environment(
  { engine, runner, workspace }: Session,
  { useCache }: BuildOptions,
  partial: (name: string) => string,
): BuildEnvironment {
  return {
    engine,
    runner,
    templates: TEMPLATES,
    agent: compiledAgent,
    flavors: FLAVORS,
    tool: toolVersion(),
    digests: join(workspace.cache, 'digests'),
    work: workspace.work,
    partial,
    useCache,
    epoch: sourceDateEpoch(process.env['SOURCE_DATE_EPOCH']),
  };
}

/** The variable as reproducible-builds.org specifies it: a decimal number of seconds. */
function sourceDateEpoch(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^[1-9]\d{0,9}$/.test(text)) return text;
  throw new FactoryError('usage', `SOURCE_DATE_EPOCH: "${text}" is no number of seconds since 1970`, {
    remedy: 'Set it to a whole number, or not at all.',
  });
}

/** What planning and running a session's steps share. */
export function planContext({ runner, workspace, signal }: Session, { useCache, emit }: BuildOptions) {
  return { cache: createCache(workspace.cache), runner, signal, work: workspace.work, useCache, emit };
}
