import { fetchBytesOnNode } from '../stages/fetch-retry.ts';
import { USER_DATA_LIMIT as LIMIT, type Provider } from './found.ts';

/** Seconds that a server may take to answer. */
const TIMEOUT = 10;

/** Creates the provider `file` for a path, a `file://` or an HTTP(S) URL (docs/contract.md 4.9). */
export function fileProvider(place: string): Provider {
  return async (host) => {
    if (/^https?:\/\//i.test(place)) {
      return { userData: await fetchBytesOnNode(host, { url: place, timeout: TIMEOUT, limit: LIMIT }) };
    }
    const userData = await host.readBytes(place.replace(/^file:\/\//i, ''));
    return userData === undefined ? undefined : { userData };
  };
}
