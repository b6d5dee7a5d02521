import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { type BuildkitSpec, NO_BUILDERS } from '../config/buildkit.ts';
import type { EngineChoice } from '../config/engines.ts';
import { createBuildahEngine } from '../engine/buildah.ts';
import { buildahHome } from '../engine/buildah-home.ts';
import { createBuildkitEngine } from '../engine/buildkit.ts';
import { chooseEngine } from '../engine/choose-engine.ts';
import type { ContainerEngine } from '../engine/container-engine.ts';
import { dockerEndpoint } from '../engine/docker/endpoint.ts';
import { createDockerEngine } from '../engine/docker.ts';
import { type Session, type SessionOptions, withSession } from './session.ts';
import type { Workspace } from './workspace.ts';

/** A session with an engine, for commands that read or build images. */
export interface EngineSession extends Session {
  readonly engine: ContainerEngine;
  /** Removes working containers of failed steps, unless another process uses the same cache. */
  readonly sweep: () => Promise<void>;
}

/** The parts of a session that the steps of a target use. */
export interface GroupSession extends Pick<EngineSession, 'engine' | 'daemon' | 'runner' | 'signal'> {
  readonly workspace: Pick<Workspace, 'cache' | 'registry' | 'owner' | 'work'>;
}

/** Remembers that a sweep could not be done beside another run. */
const SWEEP_DUE = 'sweep-due';

/** Options of {@link withEngine}. */
export interface EngineSessionOptions extends SessionOptions {
  readonly engine?: EngineChoice | undefined;
  /** The daemons of the engine `buildkit`; by default that of the environment. */
  readonly buildkit?: BuildkitSpec | undefined;
  /** Whether a person wants to look into the root of a build that fails. */
  readonly keepFailed?: boolean | undefined;
}

/**
 * Runs `body` in a session with an engine. If `body` fails, removes its working containers.
 * @throws FactoryError `tool` when there is no such engine; as documented at `withSession`
 */
export async function withEngine<T>(
  body: (session: EngineSession) => Promise<T>,
  { engine: choice = 'auto', buildkit, keepFailed, ...options }: EngineSessionOptions = {},
): Promise<T> {
  return withSession(async (session) => {
    const engine = await openEngine(session, { choice, buildkit, keepFailed });
    const { workspace, log } = session;
    // The working containers of a killed process are unknown. While another process is active, a later sweep removes them.
    const due = join(workspace.store, SWEEP_DUE);
    const sweep = async () => {
      if (!(await workspace.alone())) return await writeFile(due, '');
      await engine.sweep().catch((error: unknown) => log(`sweep: ${error}`));
      await rm(due, { force: true });
    };
    if (workspace.recovered || existsSync(due)) await sweep();
    try {
      return await body({ ...session, engine, sweep });
    } catch (error) {
      await sweep();
      throw error;
    } finally {
      // As long as the workspace is open, a later run knows that a power cut can have damaged the store.
      await engine.sync().catch((error: unknown) => log(`sync: ${error}`));
    }
  }, options);
}

async function openEngine(
  { runner, cleanup, daemon, workspace, log }: Session,
  {
    choice,
    buildkit = NO_BUILDERS,
    keepFailed = false,
  }: { readonly choice: EngineChoice } & Pick<EngineSessionOptions, 'buildkit' | 'keepFailed'>,
): Promise<ContainerEngine> {
  const { store, work } = workspace;
  await mkdir(store, { recursive: true, mode: 0o700 });
  const home = await buildahHome(homedir(), work);
  const { env } = process;
  const engine = await chooseEngine(choice, {
    endpoint: () => dockerEndpoint(env),
    daemon,
    docker: (found) => createDockerEngine({ daemon: found, runner, store, work, log }),
    buildah: () => createBuildahEngine({ runner, cleanup, store, work, home, keepFailed }),
    buildkit: () => createBuildkitEngine({ settings: buildkit, runner, cleanup, store, work, env, log }),
    log,
  });
  if (keepFailed && engine.lastRoot === undefined)
    throw new FactoryError(
      'OPTION_CONFLICT',
      `the engine ${engine.name} keeps no root for --shell-on-failure`,
      {
        remedy: 'Add --engine buildah.',
      },
    );
  log(`engine: ${engine.name} ${JSON.stringify(await engine.describe())}`);
  return engine;
}
