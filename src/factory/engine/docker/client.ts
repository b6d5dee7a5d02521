import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type Docker from 'dockerode';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { Runner } from '../../tools/runner.ts';
import { SSH } from '../../tools/ssh.ts';
import { isInUserNamespace } from '../unshare.ts';
import type { DockerEndpoint } from './endpoint.ts';
import { createSshAgent } from './ssh-agent.ts';

/**
 * Creates an HTTP client for a daemon, without connecting.
 * @throws FactoryError `tool` when the endpoint needs ssh, and it is missing or unusable in a user namespace
 */
export async function createClient({ transport }: DockerEndpoint, runner: Runner): Promise<Docker> {
  // Loaded late: with its transports, it is a fifth of all modules of the program.
  const { default: Dockerode } = await import('dockerode');
  // Every option is explicit, because docker-modem takes missing ones from the environment.
  const defaults = {
    socketPath: undefined,
    host: undefined,
    port: undefined,
    pathPrefix: '/',
    sshOptions: {},
    ca: undefined,
    cert: undefined,
    key: undefined,
    protocol: 'http',
    timeout: undefined,
  };
  const connection = { keepAlive: false };
  switch (transport.kind) {
    case 'unix':
      return new Dockerode({
        ...defaults,
        socketPath: transport.path,
        agent: new HttpAgent(connection),
      } as never);
    case 'tcp': {
      const { host, port, tls } = transport;
      const server = { ...defaults, host, port };
      if (tls === undefined) return new Dockerode({ ...server, agent: new HttpAgent(connection) } as never);
      const agent = new HttpsAgent({ ...connection, rejectUnauthorized: true });
      return new Dockerode({ ...server, ...tls, protocol: 'https', agent } as never);
    }
    case 'ssh': {
      if (isInUserNamespace()) {
        throw new FactoryError(
          'DOCKER_UNAVAILABLE',
          'an ordinary user cannot use ssh here, because it looks for the keys of root',
          {
            remedy:
              'Forward the socket, and set DOCKER_HOST to it: ssh -N -L /tmp/docker.sock:/var/run/docker.sock HOST',
          },
        );
      }
      const agent = createSshAgent(await runner.locate(SSH), transport);
      return new Dockerode({ ...defaults, host: 'docker', port: 80, agent } as never);
    }
  }
}
