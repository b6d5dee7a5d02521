import { createWriteStream } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { addAbortSignal, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import Docker from 'dockerode';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { interruption, type Runner } from '../../tools/runner.ts';
import { isInUserNamespace } from '../unshare.ts';
import { connectionError, requestError, statusOf } from './docker-error.ts';
import type { DockerEndpoint } from './endpoint.ts';
import { followMessages, type MessageListener, readMessages } from './messages.ts';
import { createSshAgent, SSH } from './ssh-agent.ts';

/** Docker 20.10, the oldest that the tests run with. */
const OLDEST_API = [1, 41] as const;
/** How long a daemon may take for its first answer, in milliseconds. */
const FIRST_ANSWER = 15_000;
/** How long cleaning up after a failure may take, in milliseconds. */
const CLEANUP = 30_000;

/** How a request differs from the ordinary. */
interface How {
  readonly isStream?: boolean;
  readonly query?: Readonly<Record<string, unknown>>;
}

/** What the daemon builds. */
export interface DaemonBuild {
  readonly useCache: boolean;
  /** Whether the programs of the build have no network. */
  readonly offline?: boolean;
  /** As images name it; the daemon's own when absent. */
  readonly arch?: string | undefined;
}

/** A Docker daemon that has answered. Methods throw FactoryError `step` when it fails or is gone. */
export interface DockerDaemon {
  readonly address: string;
  /** Tells this daemon from others. */
  readonly id: string;
  readonly version: string;
  /** The identifier of an image; `undefined` when there is none. */
  imageId(name: string): Promise<string | undefined>;
  /** Writes an image as an archive of `docker save`. */
  save(image: string, file: string): Promise<void>;
  /** Takes an archive in the form of `docker save`. */
  load(archive: Readable, listener: MessageListener): Promise<void>;
  /** Builds the `Containerfile` of a context. @returns the identifier of the image, which has no name */
  build(context: Readable, options: DaemonBuild, listener: MessageListener): Promise<string>;
  tag(image: string, name: string): Promise<void>;
  /** Removes a name, and the image where it was the last; fine when there is none. Works after cancellation too. */
  removeImage(name: string): Promise<void>;
  /** Ends and removes a container; fine when there is none. Works after cancellation too. */
  removeContainer(id: string): Promise<void>;
}

/**
 * Connects to a daemon.
 * @param signal cancels all requests but those that clean up
 * @throws FactoryError `tool` when it does not answer or is too old, `verification` when its certificate is wrong
 */
export async function connectDaemon(
  endpoint: DockerEndpoint,
  { runner, signal }: { readonly runner: Runner; readonly signal: AbortSignal },
): Promise<DockerDaemon> {
  const docker = await createClient(endpoint, runner);
  const first = async <T>(request: (abortSignal: AbortSignal) => Promise<T>): Promise<T> => {
    const limit = AbortSignal.timeout(FIRST_ANSWER);
    try {
      return await request(AbortSignal.any([signal, limit]));
    } catch (error) {
      if (signal.aborted) throw interruption(signal);
      throw connectionError(
        endpoint,
        limit.aborted ? new Error(`no answer within ${FIRST_ANSWER / 1000} s`) : error,
      );
    }
  };
  // dockerode gives no way to cancel some requests.
  const dial = <T>(method: string, path: string, abortSignal: AbortSignal, how: How = {}) =>
    new Promise<T>((resolve, reject) => {
      const { isStream = false, query } = how;
      const options = { path, method, isStream, options: query, abortSignal, statusCodes: { 200: true } };
      docker.modem.dial(options, (error: unknown, answer: unknown) =>
        error ? reject(error as Error) : resolve(answer as T),
      );
    });
  const { Version: version, ApiVersion: api } = await first((abortSignal) =>
    dial<{ Version: string; ApiVersion?: string }>('GET', '/version', abortSignal),
  );
  if (!isRecent(api)) {
    throw new FactoryError(
      'DOCKER_UNAVAILABLE',
      `the Docker daemon at ${endpoint.address} is too old: it has API ${api}, and ${OLDEST_API.join('.')} is needed`,
      { remedy: 'Install Docker 20.10 or newer, or use --engine buildah.' },
    );
  }
  const { ID: id = endpoint.address } = await first((abortSignal) =>
    dial<{ ID?: string }>('GET', '/info', abortSignal),
  );

  /** Runs one request; what fails is told in terms of `doing`. */
  const attempt = async <T>(doing: string, request: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    try {
      return await request();
    } catch (error) {
      if (signal.aborted) throw interruption(signal);
      throw requestError(endpoint, doing, error);
    }
  };
  const follow = async (stream: NodeJS.ReadableStream, listener: MessageListener) =>
    followMessages(readMessages(addAbortSignal(signal, stream as Readable)), listener);
  const cleaning = async (doing: string, request: (abortSignal: AbortSignal) => Promise<unknown>) => {
    try {
      await request(AbortSignal.timeout(CLEANUP));
    } catch (error) {
      // Gone already, or just being removed.
      if (![404, 409].includes(statusOf(error) ?? 0)) throw requestError(endpoint, doing, error);
    }
  };

  return {
    address: endpoint.address,
    id,
    version,
    imageId: (name) =>
      attempt(`looking for the image ${name}`, async () => {
        try {
          return (await dial<{ Id: string }>('GET', `/images/${name}/json`, signal)).Id;
        } catch (error) {
          if (statusOf(error) === 404) return undefined;
          throw error;
        }
      }),
    save: (image, file) =>
      attempt(`saving the image ${image}`, async () => {
        const stream = await dial<Readable>('GET', `/images/${image}/get`, signal, { isStream: true });
        await pipeline(stream, createWriteStream(file, { mode: 0o600 }), { signal });
      }),
    load: (archive, listener) =>
      attempt('loading an image', async () => {
        const stream = await sent(archive, docker.loadImage(archive, { quiet: true, abortSignal: signal }));
        await follow(stream, listener);
      }),
    build: (context, { useCache, offline = false, arch }, listener) =>
      attempt('building the image', async () => {
        const request = docker.buildImage(context, {
          dockerfile: 'Containerfile',
          // The package manager needs a network, and buildah's chroot has the host's too.
          networkmode: offline ? 'none' : 'host',
          nocache: !useCache,
          rm: true,
          forcerm: true,
          ...(arch === undefined ? {} : { platform: `linux/${arch}` }),
          abortSignal: signal,
        });
        const image = await follow(await sent(context, request), listener);
        if (image !== undefined) return image;
        throw new FactoryError(
          'DOCKER_FAILED',
          'the Docker daemon ended the build without telling of an image',
          {
            remedy: 'Read the log of the daemon.',
          },
        );
      }),
    tag: (image, name) =>
      attempt(`naming an image ${name}`, async () => {
        const colon = name.lastIndexOf(':');
        const place = { repo: name.slice(0, colon), tag: name.slice(colon + 1) };
        await docker.getImage(image).tag({ ...place, abortSignal: signal });
      }),
    removeImage: (name) =>
      cleaning(`removing the image ${name}`, (abortSignal) =>
        dial('DELETE', `/images/${name}?`, abortSignal, { query: { noprune: true } }),
      ),
    removeContainer: (id) =>
      cleaning(`removing the container ${id}`, (abortSignal) =>
        docker.getContainer(id).remove({ force: true, v: true, abortSignal }),
      ),
  };
}

/** A request that sends a stream. Whoever makes the stream must not wait for ever when the request has failed. */
async function sent<T>(stream: Readable, request: Promise<T>): Promise<T> {
  let broken: unknown;
  stream.once('error', (error) => {
    broken = error;
  });
  try {
    return await request;
  } catch (error) {
    stream.destroy();
    throw broken ?? error;
  }
}

async function createClient({ transport }: DockerEndpoint, runner: Runner): Promise<Docker> {
  // Everything is said here: what is left out, docker-modem takes from the environment in its own way.
  const nothing = {
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
  const plain = { keepAlive: false };
  switch (transport.kind) {
    case 'unix':
      return new Docker({ ...nothing, socketPath: transport.path, agent: new HttpAgent(plain) } as never);
    case 'tcp': {
      const { host, port, tls } = transport;
      const place = { ...nothing, host, port };
      if (tls === undefined) return new Docker({ ...place, agent: new HttpAgent(plain) } as never);
      const agent = new HttpsAgent({ ...plain, rejectUnauthorized: true });
      return new Docker({ ...place, ...tls, protocol: 'https', agent } as never);
    }
    case 'ssh': {
      if (isInUserNamespace()) {
        throw new FactoryError(
          'DOCKER_UNAVAILABLE',
          'ssh cannot be used by an ordinary user here: it looks for the keys of root',
          {
            remedy:
              'Forward the socket, and set DOCKER_HOST to it: ssh -N -L /tmp/docker.sock:/var/run/docker.sock HOST',
          },
        );
      }
      const agent = createSshAgent(await runner.locate(SSH), transport);
      return new Docker({ ...nothing, host: 'docker', port: 80, agent } as never);
    }
  }
}

function isRecent(api: string | undefined): boolean {
  const [major = 0, minor = 0] = (api ?? '').split('.').map(Number);
  return major > OLDEST_API[0] || (major === OLDEST_API[0] && minor >= OLDEST_API[1]);
}
