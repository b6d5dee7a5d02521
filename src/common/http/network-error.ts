import { FactoryError, messageOf } from '../errors/factory-error.ts';
import { TransientHttpError } from './transient-error.ts';

/** Codes of certificate errors in Node and in Bun. A retry does not help. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|ALTNAME/;
const REMEDY = 'Check the clock; add your own CA with NODE_EXTRA_CA_CERTS.';

/**
 * Converts an error of `fetch`, or of a body that ends early, into one of our own. Errors of our own are returned
 * unchanged.
 * @param host the server, for messages
 * @param remedy the remedy for an untrusted certificate
 */
export function explainNetwork(host: string, error: unknown, remedy = REMEDY): Error {
  if (error instanceof FactoryError || error instanceof TransientHttpError) return error;
  const { code, text } = rootCause(error);
  if (!CERTIFICATE.test(code)) return new TransientHttpError(text, { cause: error });
  return new FactoryError('CERTIFICATE_UNTRUSTED', `the certificate of ${host} is not trusted: ${text}`, {
    remedy,
    cause: error,
  });
}

/** Returns the innermost cause, because `fetch failed` explains nothing. */
function rootCause(error: unknown): { readonly code: string; readonly text: string } {
  let last = error;
  for (let depth = 0; depth < 5 && last instanceof Error && last.cause instanceof Error; depth++)
    last = last.cause;
  const code = String((last as { code?: unknown } | undefined)?.code ?? '');
  // Bun adds advice for programmers.
  const text =
    messageOf(last).replace(/ For more information, pass .*$/, '') || code || 'the connection failed';
  return { code, text };
}
