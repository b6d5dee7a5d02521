import { messageOf } from '../../common/errors/factory-error.ts';
import { createNodeFetch } from '../../common/http/node-fetch.ts';
import { nodeText } from './observation.ts';

/** Milliseconds for an answer. */
const ANSWER = 10_000;

/**
 * Asks a web address from this machine.
 * @returns the status, or `nothing` with the reason
 * @throws the reason of the signal
 */
export async function askStatus(
  url: string,
  {
    signal,
    env,
  }: { readonly signal: AbortSignal; readonly env: Readonly<Record<string, string | undefined>> },
): Promise<string> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER)]);
    const response = await createNodeFetch({ env })(url, { signal: limit });
    await response.body?.cancel();
    return String(response.status);
  } catch (error) {
    signal.throwIfAborted();
    return `nothing (${nodeText(messageOf(error))})`;
  }
}

/** An IPv6 address has brackets in a URL. */
export function inUrl(address: string): string {
  return address.includes(':') && !address.startsWith('[') ? `[${address}]` : address;
}
