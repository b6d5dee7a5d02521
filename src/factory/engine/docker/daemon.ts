import { createWriteStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { interruption, type Runner } from '../../tools/runner.ts';
import { createClient } from './client.ts';
import { connectionError, requestError, statusOf } from './docker-error.ts';
import type { DockerEndpoint } from './endpoint.ts';
import { followMessages, type MessageListener, readMessages } from './messages.ts';

/** The API of Docker 20.10, the oldest version that the tests cover. */
const OLDEST_API = [1, 41] as const;
/** Time limit for the first response of a daemon, in milliseconds. */
const FIRST_RESPONSE = 15_000;
/** Time limit for cleaning up after a failure, in milliseconds. */
const CLEANUP = 30_000;

/** Options of a request. */
interface RequestOptions {
  readonly abortSignal: AbortSignal;
  readonly isStream?: boolean;
  readonly query?: Readonly<Record<string, unknown>>;
}

/** Options of a build by the daemon. */
export interface DaemonBuild {
  readonly useCache: boolean;
  /** Whether programs of the build run without a network. */
  readonly offline?: boolean;
  /** In the notation of images; the daemon's own when absent. */
  readonly arch?: string | undefined;
}

/** A connected Docker daemon. Methods throw FactoryError `step` when a request fails or the connection is lost. */
export interface DockerDaemon {
  readonly address: string;
  /** Identifies the daemon. */
  readonly id: string;
  readonly version: string;
  /** Looks up the id of an image; `undefined` when there is none. */
  imageId(name: string): Promise<string | undefined>;
  /** Writes an image to a file, as an archive of `docker save`. */
  save(image: string, file: string): Promise<void>;
  /** Loads an archive in the form of `docker save`. */
  load(archive: Readable, listener: MessageListener): Promise<void>;
  /** Builds the `Containerfile` of a context. @returns the id of the image, which has no name */
  build(context: Readable, options: DaemonBuild, listener: MessageListener): Promise<string>;
  tag(image: string, name: string): Promise<void>;
  /** Removes a name, and the image if it has no other. Ignores a missing image; works after cancellation. */
  removeImage(name: string): Promise<void>;
  /** Kills and removes a container. Ignores a missing container; works after cancellation. */
  removeContainer(id: string): Promise<void>;
}

/**
 * Connects to a daemon.
 * @param context.signal cancels all requests except cleanup
 * @throws FactoryError `tool` when it does not answer or is too old, `verification` when its certificate is not trusted
 */
export async function connectDaemon(
  endpoint: DockerEndpoint,
  { runner, signal }: { readonly runner: Runner; readonly signal: AbortSignal },
): Promise<DockerDaemon> {
  const { transport } = endpoint;
  // Most machines without Docker have no socket: that is known before a client is loaded, which takes a third of a start.
  if (transport.kind === 'unix')
    await access(transport.path).catch((error) => {
      throw connectionError(endpoint, error);
    });
  const docker = await createClient(endpoint, runner);
  const first = async <T>(request: (abortSignal: AbortSignal) => Promise<T>): Promise<T> => {
    const limit = AbortSignal.timeout(FIRST_RESPONSE);
    try {
      return await request(AbortSignal.any([signal, limit]));
    } catch (error) {
      if (signal.aborted) throw interruption(signal);
      throw connectionError(
        endpoint,
        limit.aborted ? new Error(`no answer within ${FIRST_RESPONSE / 1000} s`) : error,
      );
    }
  };
  // dockerode cannot cancel some requests.
  const dial = <T>(method: string, path: string, options: RequestOptions) =>
    new Promise<T>((resolve, reject) => {
      const { abortSignal, isStream = false, query } = options;
      const request = { path, method, isStream, options: query, abortSignal, statusCodes: { 200: true } };
      docker.modem.dial(request, (error: unknown, answer: unknown) =>
        error ? reject(error as Error) : resolve(answer as T),
      );
    });
  const { Version: version, ApiVersion: api } = await first((abortSignal) =>
    dial<{ Version: string; ApiVersion?: string }>('GET', '/version', { abortSignal }),
  );
  if (!isRecent(api)) {
    throw new FactoryError(
      'DOCKER_UNAVAILABLE',
      `the Docker daemon at ${endpoint.address} is too old: its API is ${api}, but ${OLDEST_API.join('.')} is required`,
      { remedy: 'Install Docker 20.10 or newer, or use --engine buildah.' },
    );
  }
  const { ID: id = endpoint.address } = await first((abortSignal) =>
    dial<{ ID?: string }>('GET', '/info', { abortSignal }),
  );

  /** Runs one request; `doing` names the action in the error message. */
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
      // Already removed, or being removed.
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
          return (await dial<{ Id: string }>('GET', `/images/${name}/json`, { abortSignal: signal })).Id;
        } catch (error) {
          if (statusOf(error) === 404) return undefined;
          throw error;
        }
      }),
    save: (image, file) =>
      attempt(`saving the image ${image}`, async () => {
        const stream = await dial<Readable>('GET', `/images/${image}/get`, {
          abortSignal: signal,
          isStream: true,
        });
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
          // The package manager needs a network. With buildah, the build also uses the host's.
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
          'the Docker daemon ended the build without reporting an image',
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
        dial('DELETE', `/images/${name}?`, { abortSignal, query: { noprune: true } }),
      ),
    removeContainer: (id) =>
      cleaning(`removing the container ${id}`, (abortSignal) =>
        docker.getContainer(id).remove({ force: true, v: true, abortSignal }),
      ),
  };
}

/** Awaits a request that sends a stream, and destroys the stream when the request fails, so that its source can stop. */
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

function isRecent(api: string | undefined): boolean {
  const [major = 0, minor = 0] = (api ?? '').split('.').map(Number);
  return major > OLDEST_API[0] || (major === OLDEST_API[0] && minor >= OLDEST_API[1]);
}
