import type { ErrorCode } from '../errors/error-codes.ts';
import { FactoryError } from '../errors/factory-error.ts';
import { throwIfAborted } from './abort.ts';
import type { HttpPort } from './http-port.ts';
import { TransientHttpError } from './transient-error.ts';

/** When to retry, and when to give up. All times are in milliseconds. */
export interface RetryPolicy {
  /** Maximum number of attempts in a row without progress. */
  readonly attempts: number;
  /** The pause before the second attempt. It doubles with each further attempt, up to `pauseLimit`. */
  readonly pause: number;
  readonly pauseLimit: number;
  /** The latest start of an attempt, counted from the first attempt or the last progress. */
  readonly deadline: number;
}

/** The default policy. */
const POLICY: RetryPolicy = { attempts: 6, pause: 500, pauseLimit: 30_000, deadline: 30 * 60_000 };

/** Options of {@link retrying}. */
export interface RetryOptions extends Partial<{ [K in keyof RetryPolicy]: RetryPolicy[K] | undefined }> {
  /** Subject of the message "… cannot be fetched". */
  readonly name: string;
  /** Verb of the message; `fetched` by default. */
  readonly verb?: 'fetched' | 'pushed';
  /** Code of the error after the last attempt; `DOWNLOAD_FAILED` by default. */
  readonly code?: ErrorCode;
  /** Remedy of the error after the last attempt. */
  readonly remedy?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The failed attempts so far. */
export interface Failures {
  /** Failed attempts since the last progress. */
  readonly count: number;
  /** Milliseconds since the first attempt or the last progress. */
  readonly elapsed: number;
  /** The wait in milliseconds that the server asked for. */
  readonly wait: number | undefined;
}

/**
 * Returns the milliseconds until the next attempt, or `undefined` to give up. Pauses vary randomly by up to half, so that
 * many nodes that upgrade at the same time do not all retry at the same time.
 * @param random from 0 to 1
 */
export function nextPause(
  { count, elapsed, wait }: Failures,
  policy: RetryPolicy,
  random: number,
): number | undefined {
  if (count >= policy.attempts) return undefined;
  const backOff = Math.min(policy.pause * 2 ** (count - 1), policy.pauseLimit);
  const pause = wait ?? Math.round(backOff * (0.5 + random));
  return elapsed + pause > policy.deadline ? undefined : pause;
}

/**
 * Retries an attempt until it succeeds or fails permanently. An attempt that got further than the previous one calls
 * `progressed`, which resets the count and the deadline.
 * @throws FactoryError `step` after the last attempt; the reason of the signal, or `interrupted`, after an abort; any error
 *   of an attempt other than a {@link TransientHttpError}
 */
export async function retrying<T>(
  port: Pick<HttpPort, 'sleep' | 'now' | 'log'>,
  { name, verb = 'fetched', code = 'DOWNLOAD_FAILED', remedy = REMEDY, signal, ...options }: RetryOptions,
  attempt: (progressed: () => void) => Promise<T>,
): Promise<T> {
  const policy = policyOf(options);
  let [count, start] = [0, port.now().getTime()];
  const progressed = () => {
    [count, start] = [0, port.now().getTime()];
  };
  for (;;) {
    throwIfAborted(signal);
    try {
      return await attempt(progressed);
    } catch (error) {
      throwIfAborted(signal);
      if (!(error instanceof TransientHttpError)) throw error;
      count += 1;
      const failures = { count, elapsed: port.now().getTime() - start, wait: error.wait };
      const pause = nextPause(failures, policy, Math.random());
      if (pause === undefined) {
        throw new FactoryError(code, `${name} cannot be ${verb}: ${error.message}`, {
          remedy: error.remedy ?? remedy,
          cause: error,
        });
      }
      port.log('warn', `${name}: ${error.message}; trying again in ${Math.ceil(pause / 1000)} s`);
      await port.sleep(pause, signal).catch(() => throwIfAborted(signal));
    }
  }
}

const REMEDY = 'Check the network, the proxy, DNS and the server; then try again.';

function policyOf(options: Omit<RetryOptions, 'name'>): RetryPolicy {
  const {
    attempts = POLICY.attempts,
    pause = POLICY.pause,
    pauseLimit = POLICY.pauseLimit,
    deadline = POLICY.deadline,
  } = options;
  return { attempts, pause, pauseLimit, deadline };
}
