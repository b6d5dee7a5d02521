import { FactoryError } from '../errors/factory-error.ts';
import { within } from './abort.ts';
import { type ExchangeRequest, exchange } from './exchange.ts';
import type { HttpPort } from './http-port.ts';
import { explainNetwork } from './network-error.ts';
import { readLimited } from './read-limited.ts';
import { type RetryOptions, retrying } from './retry.ts';
import { shownUrl } from './shown-url.ts';

/** The URL to fetch, and how to retry. */
export interface Fetching extends Omit<RetryOptions, 'name' | 'verb'> {
  readonly url: string;
  /** Timeout of one attempt in milliseconds, including the body. */
  readonly timeout: number;
  readonly headers?: ExchangeRequest['headers'];
}

/**
 * Fetches a URL over HTTP(S), with retries. A status such as 404 is not retried.
 * @param read reads the body. It is part of the attempt, so a connection that breaks midway is retried; any error that it
 *   throws, except our own, counts as a network error
 * @throws FactoryError `DOWNLOAD_FAILED` when no attempt succeeds; the errors of `exchange`
 */
export async function fetchRetrying<T>(
  port: HttpPort,
  { url, timeout, headers = {}, ...options }: Fetching,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  const name = shownUrl(url);
  return retrying(port, { ...options, name }, async () => {
    const signal = within(timeout, options.signal);
    const { response } = await exchange(port, url, { headers, signal });
    if (!response.ok) {
      await response.body?.cancel();
      throw new FactoryError(
        'DOWNLOAD_FAILED',
        `${name} cannot be fetched: the server responds with HTTP ${response.status}`,
        { remedy: options.remedy ?? 'Check the address.' },
      );
    }
    return read(response).catch((error: unknown) => {
      throw explainNetwork(new URL(url).host, error);
    });
  });
}

/**
 * Fetches a URL into memory.
 * @param fetching includes `limit`, the maximum size in bytes
 * @throws the errors of {@link fetchRetrying}; FactoryError `verification` when the content is larger than `limit`
 */
export async function fetchBytes(
  port: HttpPort,
  { limit, ...fetching }: Fetching & { readonly limit: number },
): Promise<Uint8Array> {
  const tooLarge = () =>
    new FactoryError('RESPONSE_TOO_LARGE', `${shownUrl(fetching.url)} is larger than ${limit} bytes`, {
      remedy: 'Check the address: the file is larger than expected.',
    });
  return fetchRetrying(port, fetching, (response) => readLimited(response, limit, tooLarge));
}
