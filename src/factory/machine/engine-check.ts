import { tmpdir } from 'node:os';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { type BuildkitSpec, NO_BUILDERS } from '../config/buildkit.ts';
import type { EngineChoice } from '../config/engines.ts';
import { BUILDAH, createBuildahEngine } from '../engine/buildah.ts';
import { createBuildkitEngine } from '../engine/buildkit.ts';
import { chooseEngine } from '../engine/choose-engine.ts';
import { connectDaemon } from '../engine/docker/daemon.ts';
import { dockerEndpoint } from '../engine/docker/endpoint.ts';
import { createDockerEngine } from '../engine/docker.ts';
import { BUILDCTL } from '../tools/buildctl.ts';
import type { Fault } from '../tools/join-faults.ts';
import type { Runner } from '../tools/runner.ts';
import type { Check } from './check.ts';

/** What the checks of a machine use. */
export interface MachineContext {
  readonly runner: Runner;
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The daemons of the engine `buildkit`; by default that of the environment. */
  readonly buildkit?: BuildkitSpec | undefined;
}

/** An engine that answers, or why there is none. */
type TriedEngine = { readonly name: string; readonly version: string } | { readonly fault: Fault };

/** Chooses the engine as a build does, and asks it for its version. Nothing is built or stored. */
export async function tryEngine(
  choice: EngineChoice,
  { runner, signal, env, buildkit: settings = NO_BUILDERS }: MachineContext,
): Promise<TriedEngine> {
  const place = { store: '/nonexistent', work: '/nonexistent' };
  const log = () => undefined;
  try {
    const engine = await chooseEngine(choice, {
      endpoint: () => dockerEndpoint(env),
      daemon: async () => connectDaemon(await dockerEndpoint(env), { runner, signal }),
      docker: (daemon) => createDockerEngine({ daemon, runner, ...place, log }),
      buildah: () => createBuildahEngine({ runner, cleanup: runner, store: '/nonexistent', work: tmpdir() }),
      buildkit: () => createBuildkitEngine({ settings, runner, cleanup: runner, ...place, env, log }),
      log,
    });
    return { name: engine.name, version: Object.values(await engine.describe()).join(', ') };
  } catch (error) {
    if (!(error instanceof FactoryError) || error.kind === 'interrupted') throw error;
    const tool = choice === 'buildkit' ? BUILDCTL : BUILDAH;
    return { fault: { error, ...(error.code === 'TOOL_MISSING' && { tool }) } };
  }
}

/** Checks the engine. */
export async function checkEngine(choice: EngineChoice, context: MachineContext): Promise<Check> {
  const common = { area: 'engine', purpose: 'builds and stores the images' } as const;
  const tried = await tryEngine(choice, context);
  if ('name' in tried) return { ...common, name: tried.name, state: 'ok', found: tried.version };
  const { message: problem, remedy } = tried.fault.error;
  // A tool with advice of its own has no package.
  const { tool } = tried.fault;
  const fix = tool === undefined || tool.install ? {} : { fix: { install: tool.package } };
  return { ...common, name: choice, state: 'fault', problem, ...(remedy && { remedy }), ...fix };
}
