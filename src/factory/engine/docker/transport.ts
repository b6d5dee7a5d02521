import { FactoryError } from '../../../common/errors/factory-error.ts';

/** Certificates of a TLS connection, in PEM form. The server is always verified. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** How to connect to a daemon. */
export type Transport =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls?: TlsFiles }
  | { readonly kind: 'ssh'; readonly host: string; readonly port?: number; readonly user?: string };

/** Ports of the daemon without and with TLS (IANA, "docker" and "docker-s"). */
const PLAIN_PORT = 2375;
const TLS_PORT = 2376;

/**
 * Parses the address of a daemon.
 * @param context.origin where the address is configured, for messages
 * @param context.tls the configured certificates; without any, `https` and port 2376 still use TLS
 * @throws FactoryError `usage` when it is malformed
 */
export function parseTransport(
  address: string,
  { origin, tls }: { readonly origin: string; readonly tls: TlsFiles | undefined },
): Transport {
  const transport = address.startsWith('unix://')
    ? unixTransport(address.slice('unix://'.length))
    : networkTransport(address, tls);
  if (transport !== undefined) return transport;
  throw new FactoryError(
    'DOCKER_CONFIG_INVALID',
    `${origin}: "${address}" is not an address of a Docker daemon`,
    { remedy: 'Use unix:///PATH, tcp://HOST:PORT or ssh://[USER@]HOST[:PORT].' },
  );
}

function unixTransport(path: string): Transport | undefined {
  return path.startsWith('/') ? { kind: 'unix', path } : undefined;
}

function networkTransport(address: string, tls: TlsFiles | undefined): Transport | undefined {
  const url = URL.parse(address.includes('://') ? address : `tcp://${address}`);
  if (url === null || url.hostname === '' || !['', '/'].includes(url.pathname) || url.search !== '') {
    return undefined;
  }
  switch (url.protocol) {
    case 'tcp:':
    case 'http:':
    case 'https:':
      return tcpTransport(url, tls);
    case 'ssh:':
      return sshTransport(url);
    default:
      return undefined;
  }
}

function tcpTransport(url: URL, tls: TlsFiles | undefined): Transport {
  const host = hostOf(url);
  const port = portOf(url);
  const files = tls ?? (url.protocol === 'https:' || port === TLS_PORT ? {} : undefined);
  return files === undefined
    ? { kind: 'tcp', host, port: port ?? PLAIN_PORT }
    : { kind: 'tcp', host, port: port ?? TLS_PORT, tls: files };
}

function sshTransport(url: URL): Transport | undefined {
  // ssh would read a leading hyphen as an option.
  if (url.hostname.startsWith('-') || url.username.startsWith('-') || url.password !== '') return undefined;
  const port = portOf(url);
  return {
    kind: 'ssh',
    host: hostOf(url),
    ...(port === undefined ? {} : { port }),
    ...(url.username === '' ? {} : { user: decodeURIComponent(url.username) }),
  };
}

/** The host name, without the brackets of an IPv6 address. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

function portOf(url: URL): number | undefined {
  return url.port === '' ? undefined : Number(url.port);
}
