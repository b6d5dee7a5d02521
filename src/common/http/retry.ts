import type { ErrorCode } from '../errors/error-codes.ts';
import { FactoryError } from '../errors/factory-error.ts';
import { throwIfAborted } from './abort.ts';
import type { HttpPort } from './http-port.ts';
import { TransientHttpError } from './transient-error.ts';

/** How patiently something is tried again. All times are in milliseconds. */
export interface RetryPolicy {
  /** Attempts in a row that get no further, before giving up. */
  readonly attempts: number;
  /** Before the second attempt; each further one waits twice as long, up to `pauseLimit`. */
  readonly pause: number;
  readonly pauseLimit: number;
  /** No attempt starts later than this after the first one, or after the last progress. */
  readonly deadline: number;
}

/** The policy where nothing else is said. */
const POLICY: RetryPolicy = { attempts: 6, pause: 500, pauseLimit: 30_000, deadline: 30 * 60_000 };

/** What is retried, for messages, and what may end it. */
export interface RetryOptions extends Partial<{ [K in keyof RetryPolicy]: RetryPolicy[K] | undefined }> {
  /** Begins the sentence "… cannot be fetched". */
  readonly name: string;
  /** Ends it. */
  readonly verb?: 'fetched' | 'pushed';
  /** Of the error after the last attempt; `DOWNLOAD_FAILED` by default. */
  readonly code?: ErrorCode;
  /** What to do after the last attempt. */
  readonly remedy?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How far the attempts have come. */
export interface Failures {
  /** Failed attempts since the last progress. */
  readonly count: number;
  /** Milliseconds since the first attempt, or the last progress. */
  readonly elapsed: number;
  /** Milliseconds that the server asks to wait. */
  readonly wait: number | undefined;
}

/**
 * Milliseconds before the next attempt, or `undefined` to give up. Pauses vary by half: many nodes that are told to
 * upgrade at once must not come back at once.
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
 * Runs an attempt until it succeeds or fails for good. An attempt that got further than the one before calls
 * `progressed`, which starts the count and the deadline anew.
 * @throws FactoryError `step` after the last attempt; the reason of the signal, or `interrupted`, after an abort; what an
 *   attempt throws that is no {@link TransientHttpError}
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
          remedy,
          cause: error,
        });
      }
      port.log('warn', `${name}: ${error.message}; trying again in ${Math.ceil(pause / 1000)} s`);
      await port.sleep(pause, signal).catch(() => throwIfAborted(signal));
    }
  }
}

const REMEDY = 'Check the network, its proxy and name server, and whether the server works; then try again.';

function policyOf(options: Omit<RetryOptions, 'name'>): RetryPolicy {
  const {
    attempts = POLICY.attempts,
    pause = POLICY.pause,
    pauseLimit = POLICY.pauseLimit,
    deadline = POLICY.deadline,
  } = options;
  return { attempts, pause, pauseLimit, deadline };
}
