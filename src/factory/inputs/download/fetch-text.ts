import type { HttpFetch } from '../../../common/host/http-fetch.ts';
import { fetchBytes } from '../../../common/http/fetch-retrying.ts';
import { httpPort } from '../../../common/http/http-port.ts';

/** A small text of the network. */
export interface TextRequest {
  readonly url: string;
  /** In bytes. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

const ATTEMPTS = 3;
/** Milliseconds for one attempt. */
const TIMEOUT = 5 * 60_000;

/**
 * Fetches a small text, such as a list of checksums.
 * @throws FactoryError `step` when it cannot be fetched, `verification` when it is larger than its limit
 */
export async function fetchText(fetch: HttpFetch, { url, limit, signal }: TextRequest): Promise<string> {
  const bytes = await fetchBytes(
    httpPort(fetch, () => undefined),
    {
      ...{ url, limit, signal, timeout: TIMEOUT, attempts: ATTEMPTS },
      remedy: 'Check the address, the network and its proxy (HTTPS_PROXY).',
    },
  );
  return Buffer.from(bytes).toString('utf8');
}
