import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import { parseTransport, type TlsFiles, type Transport } from './transport.ts';

/** The address of a Docker daemon. */
export interface DockerEndpoint {
  /** As the user wrote it. */
  readonly address: string;
  /** Where the address is configured, such as `DOCKER_HOST`; absent for the default address. */
  readonly origin?: string;
  readonly transport: Transport;
}

const DEFAULT_SOCKET = '/var/run/docker.sock';

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
 * (docs.docker.com, "Docker contexts" and "Environment variables"). Does not connect.
 * @throws FactoryError `usage` when the configuration is malformed or names a missing file or context
 */
export async function dockerEndpoint(env: Environment): Promise<DockerEndpoint> {
  const home = env['DOCKER_CONFIG'] || join(env['HOME'] || homedir(), '.docker');
  const host = env['DOCKER_HOST'];
  if (host) {
    const tls = await tlsOfEnvironment(env, home);
    return {
      address: host,
      origin: 'DOCKER_HOST',
      transport: parseTransport(host, { origin: 'DOCKER_HOST', tls }),
    };
  }
  const fromEnvironment = env['DOCKER_CONTEXT'];
  const context = fromEnvironment || (await currentContext(home));
  if (context && context !== 'default') {
    const origin = fromEnvironment ? 'DOCKER_CONTEXT' : join(home, 'config.json');
    return contextEndpoint(home, context, origin);
  }
  return {
    address: `unix://${DEFAULT_SOCKET}`,
    transport: { kind: 'unix', path: DEFAULT_SOCKET },
  };
}

async function tlsOfEnvironment(env: Environment, home: string): Promise<TlsFiles | undefined> {
  const verify = env['DOCKER_TLS_VERIFY'];
  const place = env['DOCKER_CERT_PATH'];
  // With DOCKER_CERT_PATH alone, Docker's command does not verify the server. We always do.
  if (!verify && !place) return undefined;
  const directory = place || home;
  const [ca, cert, key] = await Promise.all(
    ['ca.pem', 'cert.pem', 'key.pem'].map((name) =>
      readFile(join(directory, name), 'utf8').catch((error: unknown) => {
        throw new FactoryError(
          'DOCKER_CONFIG_INVALID',
          `cannot read the Docker certificate: ${messageOf(error)}`,
          {
            remedy: 'Set DOCKER_CERT_PATH to a directory with ca.pem, cert.pem and key.pem.',
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

/** Reads a context, which Docker stores in a directory named by the digest of its name (docker/cli, "cli/context/store"). */
async function contextEndpoint(home: string, name: string, origin: string): Promise<DockerEndpoint> {
  const id = createHash('sha256').update(name).digest('hex');
  const meta = join(home, 'contexts/meta', id, 'meta.json');
  const text = await readFile(meta, 'utf8').catch((error: unknown) => {
    throw new FactoryError(
      'DOCKER_CONFIG_INVALID',
      `the Docker context "${name}" does not exist (set by ${origin})`,
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
  return { address: host, origin: source, transport: parseTransport(host, { origin: source, tls }) };
}

function parsed<T>(file: string, schema: z.ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new FactoryError(
      'DOCKER_CONFIG_INVALID',
      `${file} is not a valid file of Docker: ${messageOf(error).split('\n')[0]}`,
      {
        remedy: 'Fix the file, or set DOCKER_HOST.',
        cause: error,
      },
    );
  }
}
