import type { Host } from '../../common/host/host.ts';
import { fetchBytes, fetchRetrying } from '../../common/http/fetch-retrying.ts';

/** What a node fetches. */
export interface NodeFetching {
  readonly url: string;
  /** Seconds that one attempt may take, body and all. */
  readonly timeout: number;
}

/** Names and routes come up late at boot: a source is asked this often. */
const ATTEMPTS = 3;
/** Milliseconds before the second attempt; the third one waits twice as long. */
const PAUSE = 2000;
/** Milliseconds that all pauses together may take, at the request of servers. */
const PATIENCE = 5 * 60_000;

/**
 * Fetches something over HTTP(S), three times before it gives up. A refusal such as 404 is final at once.
 * @param read reads the body; part of the attempt, so that a connection that breaks in the middle is tried again
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
 * Fetches something that fits into memory, as {@link fetchOnNode} does.
 * @param fetching with the bytes that it may have
 * @throws FactoryError `step` when there was no usable answer, `verification` when it is larger
 */
export async function fetchBytesOnNode(
  host: Host,
  { limit, ...fetching }: NodeFetching & { readonly limit: number },
): Promise<Uint8Array> {
  return fetchBytes(host, { ...policyOf(fetching), limit });
}

function policyOf({ url, timeout }: NodeFetching) {
  return {
    ...{ url, timeout: timeout * 1000, attempts: ATTEMPTS, pause: PAUSE },
    deadline: ATTEMPTS * timeout * 1000 + PATIENCE,
    remedy: 'Check the address, and that the stage runs when the network is up (stage network).',
  };
}
