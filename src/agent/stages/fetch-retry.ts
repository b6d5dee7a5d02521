import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';

/** Names and routes come up late at boot: a source is asked this often. */
const ATTEMPTS = 3;
/** Milliseconds before the second attempt; each further one waits twice as long. */
const PAUSE = 2000;
/** Answers that may be others a moment later: RFC 9110 section 15, RFC 6585 section 4. */
const TEMPORARY = new Set([408, 425, 429]);

/** What is fetched and how its answer is read. */
export interface Fetching<T> {
  readonly url: string;
  /** Seconds that one attempt may take, body and all. */
  readonly timeout: number;
  /** Reads the body; part of the attempt, so that a connection that breaks in the middle is tried again. */
  readonly read: (response: Response) => Promise<T>;
}

/**
 * Fetches something over HTTP(S), three times before it gives up. A refusal such as 404 is final at once.
 *
 * @throws FactoryError `step` when there was no usable answer
 */
export async function fetchRetrying<T>(host: Host, fetching: Fetching<T>): Promise<T> {
  const shown = withoutSecrets(fetching.url);
  for (let attempt = 1; ; attempt++) {
    const outcome = await fetchOnce(host, fetching).catch(
      (error: unknown): Refusal => ({ reason: reasonOf(error), final: false, cause: error }),
    );
    if ('value' in outcome) return outcome.value;
    if (outcome.final || attempt === ATTEMPTS) {
      throw new FactoryError('DOWNLOAD_FAILED', `${shown} cannot be fetched: ${outcome.reason}`, {
        remedy: 'Check the address, and that the stage runs when the network is up (stage network).',
        cause: outcome.cause,
      });
    }
    host.log('warn', `${shown}: ${outcome.reason}; trying again`);
    await host.sleep(PAUSE * 2 ** (attempt - 1));
  }
}

interface Refusal {
  readonly reason: string;
  /** Another attempt would end the same way. */
  readonly final: boolean;
  readonly cause?: unknown;
}

async function fetchOnce<T>(
  host: Host,
  { url, timeout, read }: Fetching<T>,
): Promise<{ readonly value: T } | Refusal> {
  const response = await host.fetch(url, { signal: AbortSignal.timeout(timeout * 1000) });
  if (response.ok) return { value: await read(response) };
  const { status } = response;
  await response.body?.cancel();
  return { reason: `the server answers ${status}`, final: status < 500 && !TEMPORARY.has(status) };
}

/** An address as it may be shown: without user, password and query. */
function withoutSecrets(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? url : `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${messageOf(error)}${cause}`;
}
