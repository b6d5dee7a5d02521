import { tmpdir } from 'node:os';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { EngineChoice } from '../config/schema.ts';
import { BUILDAH, createBuildahEngine } from '../engine/buildah.ts';
import { chooseEngine } from '../engine/choose-engine.ts';
import { connectDaemon } from '../engine/docker/daemon.ts';
import { dockerEndpoint } from '../engine/docker/endpoint.ts';
import { createDockerEngine } from '../engine/docker.ts';
import type { Fault } from '../tools/join-faults.ts';
import type { Runner } from '../tools/runner.ts';
import type { Check } from './check.ts';

/** What the checks of a machine use. */
export interface MachineContext {
  readonly runner: Runner;
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** An engine that answers, or why there is none. */
type TriedEngine = { readonly name: string; readonly version: string } | { readonly fault: Fault };

/** Chooses the engine as a build does, and asks it for its version. Nothing is built or stored. */
export async function tryEngine(
  choice: EngineChoice,
  { runner, signal, env }: MachineContext,
): Promise<TriedEngine> {
  const place = { store: '/nonexistent', work: '/nonexistent' };
  try {
    const engine = await chooseEngine(choice, {
      endpoint: () => dockerEndpoint(env),
      daemon: async () => connectDaemon(await dockerEndpoint(env), { runner, signal }),
      docker: (daemon) => createDockerEngine({ daemon, runner, ...place, log: () => undefined }),
      buildah: () => createBuildahEngine({ runner, cleanup: runner, store: '/nonexistent', work: tmpdir() }),
      log: () => undefined,
    });
    return { name: engine.name, version: Object.values(await engine.describe()).join(', ') };
  } catch (error) {
    if (!(error instanceof FactoryError) || error.kind === 'interrupted') throw error;
    // Only buildah is a program.
    return { fault: { error, ...(error.code === 'TOOL_MISSING' && { tool: BUILDAH }) } };
  }
}

/** Checks the engine. */
export async function checkEngine(choice: EngineChoice, context: MachineContext): Promise<Check> {
  const common = { area: 'engine', purpose: 'builds and stores the images' } as const;
  const tried = await tryEngine(choice, context);
  if ('name' in tried) return { ...common, name: tried.name, state: 'ok', found: tried.version };
  const { message: problem, remedy } = tried.fault.error;
  const fix = tried.fault.tool === undefined ? {} : { fix: { install: BUILDAH.package } };
  return { ...common, name: choice, state: 'fault', problem, ...(remedy && { remedy }), ...fix };
}
