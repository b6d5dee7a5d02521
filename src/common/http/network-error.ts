import { FactoryError, messageOf } from '../errors/factory-error.ts';
import { TransientHttpError } from './transient-error.ts';

/** Codes of certificate errors in Node and in Bun. A retry does not help. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|ALTNAME/;
const REMEDY = 'Check the clock; add your own CA with NODE_EXTRA_CA_CERTS.';
/** The status with which a proxy asks for a password (RFC 9110, section 15.5.8). */
export const PROXY_AUTHENTICATION = 407;

/** The parts of an error that the runtimes set besides its message. */
interface Cause {
  readonly code: string;
  readonly text: string;
  /** The name that was looked up: the server's or the proxy's. */
  readonly hostname: string | undefined;
  /** The address that was connected to: the server's or the proxy's. */
  readonly address: string | undefined;
  /** The status of a proxy. */
  readonly statusCode: number | undefined;
}

/** A kind of failure that has a remedy of its own. */
interface Kind {
  /** Codes in Node and in Bun. */
  readonly codes: RegExp;
  readonly text: (host: string, cause: Cause) => string;
  readonly remedy: string;
  readonly lacksTls?: true;
}

const KINDS: readonly Kind[] = [
  {
    codes: /^(?:ENOTFOUND|EAI_\w+|FailedToOpenSocket)$/,
    text: (host, { hostname, code }) => {
      const isProxy = hostname !== undefined && hostname !== new URL(`http://${host}`).hostname;
      return `the name ${isProxy ? `of the proxy, ${hostname},` : host} cannot be resolved (${code})`;
    },
    remedy: 'Check the spelling of the name, and that this machine has a network and DNS.',
  },
  {
    codes: /^(?:ECONNREFUSED|ConnectionRefused)$/,
    text: (host, { address = host, code }) => `${address} refuses connections (${code})`,
    remedy:
      'Check the port, and that the server is running. If this is the address of a proxy, check HTTPS_PROXY, HTTP_PROXY and NO_PROXY.',
  },
  {
    codes: /^(?:EPROTO|ERR_SSL_\w+)$/,
    text: (host, { code }) => `no TLS connection to ${host} can be made (${code})`,
    remedy:
      'Check that the server uses TLS at this port. A registry without TLS must be allowed as insecure; a proxy without TLS has an address with http://.',
    lacksTls: true,
  },
];

/**
 * Converts an error of `fetch`, or of a body that ends early, into one of our own. Errors of our own are returned
 * unchanged.
 * @param host the server, for messages
 * @param remedy the remedy for an untrusted certificate
 */
export function explainNetwork(host: string, error: unknown, remedy = REMEDY): Error {
  if (error instanceof FactoryError || error instanceof TransientHttpError) return error;
  const cause = rootCause(error);
  const { code, text, statusCode } = cause;
  if (statusCode !== undefined) return proxyRefusal(host, statusCode);
  if (!CERTIFICATE.test(code)) {
    const kind = KINDS.find(({ codes }) => codes.test(code));
    return new TransientHttpError(kind?.text(host, cause) ?? text, {
      remedy: kind?.remedy,
      lacksTls: kind?.lacksTls,
      cause: error,
    });
  }
  return new FactoryError('CERTIFICATE_UNTRUSTED', `the certificate of ${host} is not trusted: ${text}`, {
    remedy,
    cause: error,
  });
}

/** Returns the error for a proxy that does not connect to a server. The address of the proxy may contain a password. */
export function proxyRefusal(host: string, status: number): TransientHttpError {
  return new TransientHttpError(`the proxy does not connect to ${host} (HTTP ${status})`, {
    remedy:
      status === PROXY_AUTHENTICATION
        ? 'The proxy wants a password: set HTTPS_PROXY and HTTP_PROXY to http://USER:PASSWORD@PROXY:PORT.'
        : 'Ask the operator of the proxy to allow this server, or name the server in NO_PROXY if it can be reached without.',
  });
}

/** Returns the innermost cause, because `fetch failed` explains nothing. */
function rootCause(error: unknown): Cause {
  let last = error;
  for (let depth = 0; depth < 5 && last instanceof Error && last.cause instanceof Error; depth++)
    last = last.cause;
  const details = (last ?? {}) as Record<string, unknown>;
  const { hostname, address, port, statusCode } = details;
  const code = String(details['code'] ?? '');
  // Bun adds advice for programmers.
  const text =
    messageOf(last).replace(/ For more information, pass .*$/, '') || code || 'the connection failed';
  return {
    code,
    text,
    hostname: typeof hostname === 'string' ? hostname : undefined,
    address: typeof address === 'string' ? `${address}:${String(port)}` : undefined,
    statusCode: code === 'ERR_PROXY_TUNNEL' ? Number(statusCode) : undefined,
  };
}
