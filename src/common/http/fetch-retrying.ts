import { FactoryError } from '../errors/factory-error.ts';
import { within } from './abort.ts';
import { type ExchangeRequest, exchange } from './exchange.ts';
import type { HttpPort } from './http-port.ts';
import { explainNetwork } from './network-error.ts';
import { readLimited } from './read-limited.ts';
import { type RetryOptions, retrying } from './retry.ts';
import { shownUrl } from './shown-url.ts';

/** What is fetched, and how patiently. */
export interface Fetching extends Omit<RetryOptions, 'name' | 'verb'> {
  readonly url: string;
  /** Milliseconds that one attempt may take, body and all. */
  readonly timeout: number;
  readonly headers?: ExchangeRequest['headers'];
}

/**
 * Fetches something over HTTP(S). A refusal such as 404 is final at once.
 * @param read reads the body; part of the attempt, so that a connection that breaks in the middle is tried again. What it
 *   throws counts as an error of the connection, unless it is one of our own
 * @throws FactoryError `DOWNLOAD_FAILED` when there is no usable answer, and as `exchange` has it
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
        `${name} cannot be fetched: the server answers HTTP ${response.status}`,
        { remedy: options.remedy ?? 'Check the address.' },
      );
    }
    return read(response).catch((error: unknown) => {
      throw explainNetwork(new URL(url).host, error);
    });
  });
}

/**
 * Fetches something that fits into memory.
 * @param fetching with the bytes that it may have
 * @throws as {@link fetchRetrying}; FactoryError `verification` when it is larger
 */
export async function fetchBytes(
  port: HttpPort,
  { limit, ...fetching }: Fetching & { readonly limit: number },
): Promise<Uint8Array> {
  const tooLarge = () =>
    new FactoryError('RESPONSE_TOO_LARGE', `${shownUrl(fetching.url)} is larger than ${limit} bytes`, {
      remedy: 'Check the address: this is not the file that it should be.',
    });
  return fetchRetrying(port, fetching, (response) => readLimited(response, limit, tooLarge));
}
