import { FactoryError } from '../../common/errors/factory-error.ts';
import type { EngineChoice } from '../config/engines.ts';
import type { ContainerEngine } from './container-engine.ts';
import type { DockerDaemon } from './docker/daemon.ts';
import type { DockerEndpoint } from './docker/endpoint.ts';

/** The available engines, opened on demand. */
export interface Engines {
  /** @throws FactoryError `usage` when the configuration of the daemon is malformed */
  readonly endpoint: () => Promise<DockerEndpoint>;
  /** @throws FactoryError when the daemon cannot be used */
  readonly daemon: () => Promise<DockerDaemon>;
  readonly docker: (daemon: DockerDaemon) => ContainerEngine;
  readonly buildah: () => ContainerEngine;
  readonly buildkit: () => ContainerEngine;
  readonly log: (line: string) => void;
}

/**
 * Chooses the engine. `auto` prefers the Docker daemon, and falls back to buildah if the daemon is missing and not configured;
 * a configured daemon must answer.
 * @throws FactoryError `tool`, `usage` or `verification` when the chosen engine cannot be used
 */
export async function chooseEngine(choice: EngineChoice, engines: Engines): Promise<ContainerEngine> {
  if (choice === 'buildah') return engines.buildah();
  if (choice === 'buildkit') return engines.buildkit();
  try {
    return engines.docker(await engines.daemon());
  } catch (error) {
    const isOptional = choice === 'auto' && (await engines.endpoint()).origin === undefined;
    if (!isOptional || !(error instanceof FactoryError) || error.kind !== 'tool') throw error;
    engines.log(`engine: buildah, because ${error.message}`);
    return engines.buildah();
  }
}
