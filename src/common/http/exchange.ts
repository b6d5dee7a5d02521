import type { HttpRequest } from '../host/http-fetch.ts';
import type { HttpPort } from './http-port.ts';
import { explainNetwork } from './network-error.ts';
import { followRedirects, type RedirectPolicy } from './redirects.ts';
import { retryAfter } from './retry-after.ts';
import { TransientHttpError } from './transient-error.ts';

/** One request, and how its redirects and failures are treated. */
export interface ExchangeRequest extends HttpRequest {
  readonly redirects?: Partial<RedirectPolicy>;
  /** What helps against a certificate that is not trusted. */
  readonly certificateRemedy?: string;
}

/** An answer, and the address that gave it after redirects. */
export interface Exchange {
  readonly response: Response;
  readonly url: string;
}

/** Statuses below 500 that may pass: RFC 9110 section 15, RFC 8470 section 5.2, RFC 6585 section 4. */
const TRANSIENT = [408, 425, 429];

/** Whether another attempt may get another answer than this status. */
export function isTransientStatus(status: number): boolean {
  return status >= 500 || TRANSIENT.includes(status);
}

/**
 * One exchange, redirects followed.
 * @returns the answer of any status that does not pass by itself
 * @throws TransientHttpError when another attempt may succeed; FactoryError `step` for a certificate that is not trusted,
 *   and for redirects that are not followed as `nextHop` has it
 */
export async function exchange(
  port: Pick<HttpPort, 'fetch' | 'now'>,
  address: string,
  { redirects, certificateRemedy, ...request }: ExchangeRequest = {},
): Promise<Exchange> {
  const { response, url } = await followRedirects(port.fetch, address, request, redirects).catch(
    (error: unknown) => {
      throw explainNetwork(new URL(address).host, error, certificateRemedy);
    },
  );
  const { status, headers } = response;
  if (!isTransientStatus(status)) return { response, url: url.href };
  await response.body?.cancel();
  const wait = retryAfter(headers.get('retry-after'), port.now());
  throw new TransientHttpError(`${url.host} answers HTTP ${status}`, { wait, status });
}
