import type { HttpPort } from './http-port.ts';
import { explainNetwork, PROXY_AUTHENTICATION, proxyRefusal } from './network-error.ts';
import { followRedirects, type RedirectedRequest } from './redirects.ts';
import { retryAfter } from './retry-after.ts';
import { TransientHttpError } from './transient-error.ts';

/** A request, its redirect policy and the remedy for an untrusted certificate. */
export interface ExchangeRequest extends RedirectedRequest {
  /** Remedy for an untrusted certificate. */
  readonly certificateRemedy?: string;
}

/** A response and its URL after redirects. */
export interface Exchange {
  readonly response: Response;
  readonly url: string;
}

/** Statuses below 500 that are worth a retry: RFC 9110 section 15, RFC 8470 section 5.2, RFC 6585 section 4. */
const TRANSIENT = [408, 425, 429];

/** The server does not know the method or the kind of request (RFC 9110 section 15.6.2), and will not when asked again. */
const NOT_IMPLEMENTED = 501;

/** Whether a retry may succeed after this status. */
export function isTransientStatus(status: number): boolean {
  return (status >= 500 && status !== NOT_IMPLEMENTED) || TRANSIENT.includes(status);
}

/**
 * Sends a request and follows its redirects.
 * @returns the response, unless its status is transient
 * @throws TransientHttpError when a retry may succeed; FactoryError `step` for an untrusted certificate; the errors of
 *   `nextHop` for a refused redirect
 */
export async function exchange(
  port: Pick<HttpPort, 'fetch' | 'now'>,
  address: string,
  { certificateRemedy, ...request }: ExchangeRequest = {},
): Promise<Exchange> {
  // A redirect may have led to another host, so each request names its own.
  const fetch: HttpPort['fetch'] = (asked, init) =>
    port.fetch(asked, init).catch((error: unknown) => {
      throw explainNetwork(new URL(asked).host, error, certificateRemedy);
    });
  const { response, url } = await followRedirects(fetch, address, request);
  const { status, headers } = response;
  if (status === PROXY_AUTHENTICATION) {
    await response.body?.cancel();
    throw proxyRefusal(url.host, status);
  }
  if (!isTransientStatus(status)) return { response, url: url.href };
  await response.body?.cancel();
  const wait = retryAfter(headers.get('retry-after'), port.now());
  throw new TransientHttpError(`${url.host} responds with HTTP ${status}`, { wait, status });
}
