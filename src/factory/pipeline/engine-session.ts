import { mkdir } from 'node:fs/promises';
import type { EngineChoice } from '../config/schema.ts';
import { createBuildahEngine } from '../engine/buildah.ts';
import { chooseEngine } from '../engine/choose-engine.ts';
import type { ContainerEngine } from '../engine/container-engine.ts';
import { dockerEndpoint } from '../engine/docker/endpoint.ts';
import { createDockerEngine } from '../engine/docker.ts';
import { type Session, type SessionOptions, withSession } from './session.ts';

/** A session with an engine, for commands that read or build images. */
export interface EngineSession extends Session {
  readonly engine: ContainerEngine;
  /** Removes working containers that failed steps left, unless another run is using the same cache. */
  readonly sweep: () => Promise<void>;
}

/** How a session with an engine is opened. */
export interface EngineSessionOptions extends SessionOptions {
  readonly engine?: EngineChoice | undefined;
}

/**
 * Runs `body` in a session with an engine. When `body` fails, its working containers are removed too.
 * @throws FactoryError `tool` when there is no such engine; as documented at `withSession`
 */
export async function withEngine<T>(
  body: (session: EngineSession) => Promise<T>,
  { engine: choice = 'auto', ...options }: EngineSessionOptions = {},
): Promise<T> {
  return withSession(async (session) => {
    const engine = await openEngine(choice, session);
    const { workspace, log } = session;
    // Nobody knows the working containers of a run that was killed. While another run is active, a later sweep takes them.
    const sweep = async () => {
      if (await workspace.alone()) await engine.sweep().catch((error: unknown) => log(`sweep: ${error}`));
    };
    if (workspace.recovered) await sweep();
    try {
      return await body({ ...session, engine, sweep });
    } catch (error) {
      await sweep();
      throw error;
    }
  }, options);
}

async function openEngine(
  choice: EngineChoice,
  { runner, cleanup, daemon, workspace, log }: Session,
): Promise<ContainerEngine> {
  const { store, work } = workspace;
  await mkdir(store, { recursive: true, mode: 0o700 });
  const engine = await chooseEngine(choice, {
    endpoint: () => dockerEndpoint(process.env),
    daemon,
    docker: (found) => createDockerEngine({ daemon: found, runner, store, work, log }),
    buildah: () => createBuildahEngine({ runner, cleanup, store, work }),
    log,
  });
  log(`engine: ${engine.name} ${JSON.stringify(await engine.describe())}`);
  return engine;
}
