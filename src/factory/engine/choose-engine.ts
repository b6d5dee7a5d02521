import { FactoryError } from '../../common/errors/factory-error.ts';
import type { EngineChoice } from '../config/schema.ts';
import type { ContainerEngine } from './container-engine.ts';
import type { DockerDaemon } from './docker/daemon.ts';
import type { DockerEndpoint } from './docker/endpoint.ts';

/** The engines that there are to choose from. */
export interface Engines {
  /** @throws FactoryError `usage` when what names the daemon is malformed */
  readonly endpoint: () => Promise<DockerEndpoint>;
  /** @throws FactoryError when the daemon cannot be used */
  readonly daemon: () => Promise<DockerDaemon>;
  readonly docker: (daemon: DockerDaemon) => ContainerEngine;
  readonly buildah: () => ContainerEngine;
  readonly log: (line: string) => void;
}

/**
 * Chooses the engine: with `auto` the Docker daemon, else buildah. A daemon that somebody has named must answer; only where
 * nobody has, a missing one goes without saying.
 * @throws FactoryError `tool`, `usage` or `verification` when the engine that is asked for cannot be used
 */
export async function chooseEngine(choice: EngineChoice, engines: Engines): Promise<ContainerEngine> {
  if (choice === 'buildah') return engines.buildah();
  try {
    return engines.docker(await engines.daemon());
  } catch (error) {
    const isOptional = choice === 'auto' && (await engines.endpoint()).origin === undefined;
    if (!isOptional || !(error instanceof FactoryError) || error.kind !== 'tool') throw error;
    engines.log(`engine: buildah, because: ${error.message}`);
    return engines.buildah();
  }
}
