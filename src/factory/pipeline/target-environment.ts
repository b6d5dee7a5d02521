import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { createNodeFetch } from '../../common/http/node-fetch.ts';
import type { RegistryCaches } from '../config/buildkit.ts';
import type { ImageSource } from '../inputs/base/image-source.ts';
import type { BuildEnvironment } from './build-environment.ts';
import type { BuildOptions } from './build-options.ts';
import { createCache } from './cache.ts';
import type { EngineSession, GroupSession } from './engine-session.ts';
import { AGENTS, compiledAgent, FLAVORS, MODELS, TEMPLATES, toolVersion } from './project-files.ts';
import type { SchedulerContext } from './scheduler.ts';
import type { SharedCache } from './shared-cache.ts';
import { sourceDateEpoch } from './source-date-epoch.ts';
import { recordMeasure } from './step-history.ts';

/** The parts of the environment that differ between targets. */
interface TargetParts {
  readonly images: ImageSource;
  /** Returns the temporary path of an unfinished output file. */
  readonly partial: (name: string) => string;
  /** Name of the target; absent for a single target. */
  readonly target?: string | undefined;
  /** Registries that keep the layers of its images. */
  readonly caches: RegistryCaches;
}

/** Returns the environment of a target's steps in a session. */
export function targetEnvironment(
  { engine, daemon, runner, workspace }: Omit<GroupSession, 'signal'>,
  { useCache, locked, offline }: Pick<BuildOptions, 'useCache' | 'locked' | 'offline'>,
  { images, partial, target, caches }: TargetParts,
): BuildEnvironment {
  return {
    engine: {
      ...engine,
      build: (context, image, build) => engine.build(context, image, { ...build, caches }),
    },
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
    owner: workspace.owner,
    fetch: offline ? refuseToFetch : createNodeFetch({ env: process.env }),
    work: workspace.work,
    partial,
    useCache,
    epoch: sourceDateEpoch(process.env['SOURCE_DATE_EPOCH']),
  };
}

async function refuseToFetch(url: string): Promise<never> {
  throw new FactoryError('NOT_CACHED', `${url} is not in the cache, and --offline fetches nothing`, {
    remedy: 'Run the same command once without --offline, with network access; or name a local file.',
  });
}

/** Returns the context for planning and running steps in a session. */
export function schedulerContext(
  { runner, workspace, signal, cancel, log }: EngineSession,
  { useCache, emit }: Pick<BuildOptions, 'useCache' | 'emit'>,
  shared?: SharedCache,
): SchedulerContext {
  const { cache, work, history } = workspace;
  const onMeasured: SchedulerContext['onMeasured'] = (measure) =>
    // A build does not fail for the sake of a prediction.
    recordMeasure(history, measure).catch((error: unknown) => log(`history: ${error}`));
  const places = [workspace.root, tmpdir()];
  return {
    cache: createCache(cache),
    runner,
    signal,
    cancel,
    work,
    useCache,
    shared,
    emit,
    onMeasured,
    places,
  };
}
