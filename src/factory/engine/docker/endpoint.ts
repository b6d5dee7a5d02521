import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';

/** Certificates of a TLS connection, in PEM form. The server is always verified. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** How bytes get to a daemon. */
export type Transport =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls?: TlsFiles }
  | { readonly kind: 'ssh'; readonly host: string; readonly port?: number; readonly user?: string };

/** Where a Docker daemon is. */
export interface DockerEndpoint {
  /** As the person wrote it. */
  readonly address: string;
  /** What names it, such as `DOCKER_HOST`; absent for the place that is looked at when nothing does. */
  readonly origin?: string;
  readonly transport: Transport;
}

const DEFAULT_ADDRESS = 'unix:///var/run/docker.sock';
/** Ports of the daemon without and with TLS (IANA, "docker" and "docker-s"). */
const PLAIN_PORT = 2375;
const TLS_PORT = 2376;

type Environment = Readonly<Record<string, string | undefined>>;

const configSchema = z.looseObject({ currentContext: z.string().optional() });
const contextSchema = z.looseObject({
  Endpoints: z.looseObject({
    docker: z.looseObject({ Host: z.string(), SkipTLSVerify: z.boolean().optional() }),
  }),
});

/**
 * Finds the daemon as Docker's own command does: `DOCKER_HOST` with `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH`, else the
 * context that `DOCKER_CONTEXT` or `currentContext` of `config.json` names, else the system's socket
 * (docs.docker.com, "Docker contexts" and "Environment variables"). Nothing is connected to.
 * @throws FactoryError `usage` when what it is told is malformed or not there
 */
export async function dockerEndpoint(env: Environment): Promise<DockerEndpoint> {
  const home = env['DOCKER_CONFIG'] || join(env['HOME'] || homedir(), '.docker');
  const host = env['DOCKER_HOST'];
  if (host) {
    const tls = await tlsOfEnvironment(env, home);
    return { address: host, origin: 'DOCKER_HOST', transport: parseAddress('DOCKER_HOST', host, tls) };
  }
  const [name, origin] = env['DOCKER_CONTEXT']
    ? [env['DOCKER_CONTEXT'], 'DOCKER_CONTEXT']
    : [await currentContext(home), join(home, 'config.json')];
  if (name !== undefined && name !== '' && name !== 'default') return contextEndpoint(home, name, origin);
  return {
    address: DEFAULT_ADDRESS,
    transport: parseAddress('', DEFAULT_ADDRESS, undefined),
  };
}

async function tlsOfEnvironment(env: Environment, home: string): Promise<TlsFiles | undefined> {
  const verify = env['DOCKER_TLS_VERIFY'];
  const place = env['DOCKER_CERT_PATH'];
  // With certificates alone, Docker's command would not verify the server: that is no way of ours.
  if (!verify && !place) return undefined;
  const directory = place || home;
  const [ca, cert, key] = await Promise.all(
    ['ca.pem', 'cert.pem', 'key.pem'].map((name) =>
      readFile(join(directory, name), 'utf8').catch((error: unknown) => {
        throw new FactoryError(
          'DOCKER_CONFIG_INVALID',
          `the Docker certificate cannot be read: ${messageOf(error)}`,
          {
            remedy: 'Let DOCKER_CERT_PATH name a directory with ca.pem, cert.pem and key.pem.',
            cause: error,
          },
        );
      }),
    ),
  );
  return { ca: ca ?? '', cert: cert ?? '', key: key ?? '' };
}

async function currentContext(home: string): Promise<string | undefined> {
  const file = join(home, 'config.json');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  return parsed(file, configSchema, text).currentContext;
}

/** Docker keeps each context below the digest of its name (docker/cli, "cli/context/store"). */
async function contextEndpoint(home: string, name: string, origin: string): Promise<DockerEndpoint> {
  const id = createHash('sha256').update(name).digest('hex');
  const meta = join(home, 'contexts/meta', id, 'meta.json');
  const text = await readFile(meta, 'utf8').catch((error: unknown) => {
    throw new FactoryError(
      'DOCKER_CONFIG_INVALID',
      `there is no Docker context "${name}", which ${origin} names`,
      {
        remedy: 'List the contexts with: docker context ls',
        cause: error,
      },
    );
  });
  const { Host: host, SkipTLSVerify: skip } = parsed(meta, contextSchema, text).Endpoints.docker;
  if (skip) {
    throw new FactoryError(
      'DOCKER_CONFIG_INVALID',
      `the Docker context "${name}" does not verify its server`,
      {
        remedy: `Give it the server's CA: docker context update ${name} --docker host=${host},ca=FILE`,
      },
    );
  }
  const read = (file: string) =>
    readFile(join(home, 'contexts/tls', id, 'docker', file), 'utf8').catch(() => undefined);
  const [ca, cert, key] = await Promise.all([read('ca.pem'), read('cert.pem'), read('key.pem')]);
  const files = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  const tls = Object.keys(files).length === 0 ? undefined : files;
  const source = `the Docker context "${name}" (${origin})`;
  return { address: host, origin: source, transport: parseAddress(source, host, tls) };
}

// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: still to be taken apart.
function parseAddress(origin: string, address: string, tls: TlsFiles | undefined): Transport {
  const malformed = () =>
    new FactoryError('DOCKER_CONFIG_INVALID', `${origin}: "${address}" is no address of a Docker daemon`, {
      remedy: 'Use unix:///PATH, tcp://HOST:PORT or ssh://[USER@]HOST[:PORT].',
    });
  if (address.startsWith('unix://')) {
    const path = address.slice('unix://'.length);
    if (!path.startsWith('/')) throw malformed();
    return { kind: 'unix', path };
  }
  const url = URL.parse(address.includes('://') ? address : `tcp://${address}`);
  if (url === null || url.hostname === '' || !['', '/'].includes(url.pathname) || url.search !== '') {
    throw malformed();
  }
  const port = url.port === '' ? undefined : Number(url.port);
  switch (url.protocol) {
    case 'tcp:':
    case 'http:':
    case 'https:': {
      const wanted = tls ?? (url.protocol === 'https:' || port === TLS_PORT ? {} : undefined);
      const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
      return wanted === undefined
        ? { kind: 'tcp', host, port: port ?? PLAIN_PORT }
        : { kind: 'tcp', host, port: port ?? TLS_PORT, tls: wanted };
    }
    case 'ssh:': {
      // What begins with a hyphen would be an option to ssh.
      if (url.hostname.startsWith('-') || url.username.startsWith('-') || url.password !== '') {
        throw malformed();
      }
      return {
        kind: 'ssh',
        host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
        ...(port === undefined ? {} : { port }),
        ...(url.username === '' ? {} : { user: decodeURIComponent(url.username) }),
      };
    }
    default:
      throw malformed();
  }
}

function parsed<T>(file: string, schema: z.ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new FactoryError(
      'DOCKER_CONFIG_INVALID',
      `${file} is not what Docker writes: ${messageOf(error).split('\n')[0]}`,
      {
        remedy: 'Repair the file, or set DOCKER_HOST.',
        cause: error,
      },
    );
  }
}
