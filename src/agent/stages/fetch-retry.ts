import type { Host } from '../../common/host/host.ts';
import { fetchBytes, fetchRetrying } from '../../common/http/fetch-retrying.ts';

/** A request of the node. */
export interface NodeFetching {
  readonly url: string;
  /** Seconds that one attempt may take, including the body. */
  readonly timeout: number;
  /** Milliseconds that all pauses together may take when the server asks for longer ones. Default: five minutes. */
  readonly patience?: number;
}

/** Names and routes become available late at boot, so a request is tried this often. */
const ATTEMPTS = 3;
/** Milliseconds before the second attempt; the third one waits twice as long. */
const PAUSE = 2000;
const PATIENCE = 5 * 60_000;

/**
 * Fetches a URL over HTTP(S), trying up to three times. An error such as 404 is final.
 * @param read reads the body, as part of the attempt, so that a broken connection is retried
 * @throws FactoryError `step` when there was no usable answer
 */
export async function fetchOnNode<T>(
  host: Host,
  fetching: NodeFetching,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  return fetchRetrying(host, policyOf(fetching), read);
}

/**
 * Fetches a URL into memory, as {@link fetchOnNode} does.
 * @param fetching the request, and the maximum size of the response in bytes
 * @throws FactoryError `step` when there was no usable response, `verification` when it is too large
 */
export async function fetchBytesOnNode(
  host: Host,
  { limit, ...fetching }: NodeFetching & { readonly limit: number },
): Promise<Uint8Array> {
  return fetchBytes(host, { ...policyOf(fetching), limit });
}

function policyOf({ url, timeout, patience = PATIENCE }: NodeFetching) {
  return {
    url,
    timeout: timeout * 1000,
    attempts: ATTEMPTS,
    pause: PAUSE,
    deadline: ATTEMPTS * timeout * 1000 + patience,
    remedy: 'Check the URL, and use a stage that runs after the network is up, such as network.',
  };
}
