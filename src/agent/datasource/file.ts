import { fetchRetrying } from '../stages/fetch-retry.ts';
import type { Provider } from './found.ts';

/** Seconds that a server has for its answer. */
const TIMEOUT = 10;

/** `file`: a path, `file://` or an HTTP(S) URL (docs/contract.md 4.9). */
export function fileProvider(place: string): Provider {
  return async (host) => {
    if (/^https?:\/\//i.test(place)) {
      const userData = await fetchRetrying(host, {
        url: place,
        timeout: TIMEOUT,
        read: async (response) => new Uint8Array(await response.arrayBuffer()),
      });
      return { userData };
    }
    const userData = await host.readBytes(place.replace(/^file:\/\//i, ''));
    return userData === undefined ? undefined : { userData };
  };
}
