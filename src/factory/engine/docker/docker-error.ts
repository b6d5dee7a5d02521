import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import type { DockerEndpoint } from './endpoint.ts';
import { SshError } from './ssh-agent.ts';

/** What Docker's HTTP client throws for an answer that is no success. */
interface AnswerError {
  readonly statusCode: number;
}

/** A connection that was there and is gone. */
const BROKEN = new Set([
  'ECONNRESET',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ETIMEDOUT',
  'ERR_STREAM_DESTROYED',
]);
/** A server that is not the one it should be (Node.js, "X509 certificate error codes"). */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_/;

/** The status of an HTTP answer that is no success; `undefined` for other errors. */
export function statusOf(error: unknown): number | undefined {
  return (error as Partial<AnswerError> | null)?.statusCode;
}

/** An error of a request to a daemon that has answered before. */
export function requestError(endpoint: DockerEndpoint, doing: string, error: unknown): Error {
  if (error instanceof FactoryError) return error;
  const status = statusOf(error);
  if (status !== undefined) {
    // docker-modem puts its own words in front.
    const reason = messageOf(error).replace(/^\(HTTP code \d+\) [^-]* - /, '');
    return new FactoryError('DOCKER_FAILED', `${doing}: the Docker daemon answers: ${reason.trim()}`, {
      cause: error,
    });
  }
  const code = (error as NodeJS.ErrnoException).code ?? '';
  // Not every ENOENT: files of our own may be missing too.
  const isUnreachable = ['connect', 'getaddrinfo'].includes((error as NodeJS.ErrnoException).syscall ?? '');
  const lost = error instanceof SshError || BROKEN.has(code) || isUnreachable;
  if (!lost) return error instanceof Error ? error : new Error(String(error));
  return new FactoryError(
    'DOCKER_FAILED',
    `${doing}: the connection to the Docker daemon at ${endpoint.address} broke off`,
    {
      details: error instanceof SshError ? error.lines : [messageOf(error)],
      remedy: 'See whether the daemon still runs, and read its own log; then run the command again to go on.',
      cause: error,
    },
  );
}

/** An error of the first request of all. */
export function connectionError(endpoint: DockerEndpoint, error: unknown): Error {
  if (error instanceof FactoryError) return error;
  const { address, origin } = endpoint;
  const place = origin === undefined ? address : `${address}, which ${origin} names`;
  const elsewhere = origin === undefined ? '' : `, correct ${origin}`;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'EACCES' || code === 'EPERM') {
    return new FactoryError('DOCKER_UNAVAILABLE', `you may not use the Docker daemon's socket: ${place}`, {
      remedy:
        'Become a member of its group (sudo usermod --append --groups docker USER, then log in again), or use --engine buildah.',
      cause: error,
    });
  }
  if (CERTIFICATE.test(code)) {
    return new FactoryError('DAEMON_UNTRUSTED', `the Docker daemon is not the one it should be: ${place}`, {
      details: [messageOf(error)],
      remedy: 'Check ca.pem, and that the certificate is made for this host name.',
      cause: error,
    });
  }
  const details = error instanceof SshError ? error.lines : [messageOf(error)];
  return new FactoryError('DOCKER_UNAVAILABLE', `the Docker daemon does not answer: ${place}`, {
    details,
    remedy: `Start it${elsewhere}, or use --engine buildah.`,
    cause: error,
  });
}
