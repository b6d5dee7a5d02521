import { TransientHttpError } from './transient-error.ts';

/** Aborts a stalled transfer. The total duration is not limited. */
export interface IdleTimeout {
  /** Aborts with a TransientHttpError on timeout, or when the given signal aborts. */
  readonly signal: AbortSignal;
  /** Restarts the timer. @param milliseconds until the next `restart` or `stop` */
  readonly restart: (milliseconds: number) => void;
  readonly stop: () => void;
}

/** Starts an idle timeout. @param milliseconds until the first `restart` or `stop` */
export function startIdleTimeout(milliseconds: number, signal: AbortSignal | undefined): IdleTimeout {
  const idle = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const restart = (allowed: number) => {
    clearTimeout(timer);
    const expire = () => idle.abort(new TransientHttpError(`no data for ${allowed / 1000} s`));
    timer = setTimeout(expire, allowed).unref();
  };
  restart(milliseconds);
  return {
    signal: AbortSignal.any([idle.signal, ...(signal ? [signal] : [])]),
    restart,
    stop: () => clearTimeout(timer),
  };
}

/** Yields the chunks of a body. The time that the consumer spends on a chunk does not count as idle. */
export async function* untilIdle(
  body: AsyncIterable<Uint8Array> | null,
  timeout: IdleTimeout,
  milliseconds: number,
): AsyncGenerator<Uint8Array> {
  try {
    timeout.restart(milliseconds);
    for await (const chunk of body ?? []) {
      timeout.stop();
      yield chunk;
      timeout.restart(milliseconds);
    }
  } finally {
    timeout.stop();
  }
}
