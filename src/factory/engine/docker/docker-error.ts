import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import type { DockerEndpoint } from './endpoint.ts';
import { SshError } from './ssh-agent.ts';

/** The error that Docker's HTTP client throws for an unsuccessful response. */
interface ResponseError {
  readonly statusCode: number;
}

/** Codes of a connection that broke. */
const BROKEN = new Set([
  'ECONNRESET',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ETIMEDOUT',
  'ERR_STREAM_DESTROYED',
]);
/** Codes of an untrusted certificate (Node.js, "X509 certificate error codes"). */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_/;

/** The status of an unsuccessful HTTP response; `undefined` for other errors. */
export function statusOf(error: unknown): number | undefined {
  return (error as Partial<ResponseError> | null)?.statusCode;
}

/** Converts an error of a request to a connected daemon. @param doing the action, for the message */
export function requestError(endpoint: DockerEndpoint, doing: string, error: unknown): Error {
  if (error instanceof FactoryError) return error;
  const status = statusOf(error);
  if (status !== undefined) {
    // docker-modem prefixes the status.
    const reason = messageOf(error).replace(/^\(HTTP code \d+\) [^-]* - /, '');
    return new FactoryError('DOCKER_FAILED', `${doing}: the Docker daemon reports: ${reason.trim()}`, {
      cause: error,
    });
  }
  const code = (error as NodeJS.ErrnoException).code ?? '';
  // Not every ENOENT: it may also stand for a missing local file.
  const isUnreachable = ['connect', 'getaddrinfo'].includes((error as NodeJS.ErrnoException).syscall ?? '');
  const lost = error instanceof SshError || BROKEN.has(code) || isUnreachable;
  if (!lost) return error instanceof Error ? error : new Error(String(error));
  return new FactoryError(
    'DOCKER_FAILED',
    `${doing}: the connection to the Docker daemon at ${endpoint.address} was lost`,
    {
      details: error instanceof SshError ? error.lines : [messageOf(error)],
      remedy: 'Check that the daemon is still running, and its log; then run the command again to continue.',
      cause: error,
    },
  );
}

/** Converts an error of the first request to a daemon. */
export function connectionError(endpoint: DockerEndpoint, error: unknown): Error {
  if (error instanceof FactoryError) return error;
  const { address, origin } = endpoint;
  const place = origin === undefined ? address : `${address} (set by ${origin})`;
  const elsewhere = origin === undefined ? '' : `, correct ${origin}`;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'EACCES' || code === 'EPERM') {
    return new FactoryError(
      'DOCKER_UNAVAILABLE',
      `no permission to use the socket of the Docker daemon: ${place}`,
      {
        remedy:
          'Join its group (sudo usermod --append --groups docker USER, then log in again), or use --engine buildah.',
        cause: error,
      },
    );
  }
  if (CERTIFICATE.test(code)) {
    return new FactoryError(
      'DAEMON_UNTRUSTED',
      `the certificate of the Docker daemon is not trusted: ${place}`,
      {
        details: [messageOf(error)],
        remedy: 'Check ca.pem, and that the certificate is valid for this host name.',
        cause: error,
      },
    );
  }
  const details = error instanceof SshError ? error.lines : [messageOf(error)];
  return new FactoryError('DOCKER_UNAVAILABLE', `the Docker daemon does not answer: ${place}`, {
    details,
    remedy: `Start it${elsewhere}, or use --engine buildah.`,
    cause: error,
  });
}
