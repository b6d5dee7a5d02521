import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { DockerDaemon } from '../../engine/docker/daemon.ts';

/**
 * Connects to the daemon that a reference `docker-daemon:NAME` names.
 * @throws FactoryError `tool` when it does not answer: another engine cannot help, another reference can
 */
export async function namedDaemon(daemon: () => Promise<DockerDaemon>, name: string): Promise<DockerDaemon> {
  try {
    return await daemon();
  } catch (error) {
    if (!(error instanceof FactoryError) || error.code !== 'DOCKER_UNAVAILABLE') throw error;
    throw new FactoryError(error.code, `docker-daemon:${name}: ${error.message}`, {
      details: error.details,
      remedy: `Start the daemon, or give the image without it: docker://${name} from a registry, or docker-archive:FILE, which "docker save" writes.`,
      cause: error,
    });
  }
}

/** Returns the identifier of an image in a daemon. @throws FactoryError `usage` when there is no image of that name */
export async function daemonImage(daemon: DockerDaemon, name: string): Promise<string> {
  const id = await daemon.imageId(name);
  if (id !== undefined) return id;
  throw new FactoryError('BASE_NOT_FOUND', `the Docker daemon at ${daemon.address} has no image ${name}`, {
    remedy: `Check the name with "docker image ls", or fetch it: docker pull ${name}`,
  });
}
