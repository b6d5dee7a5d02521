import { TransientHttpError } from './transient-error.ts';

/** Ends a transfer that stands still; one that goes on may take as long as it needs. */
export interface IdleTimeout {
  /** Aborted with a TransientHttpError when nothing happens, and together with the signal that was given. */
  readonly signal: AbortSignal;
  /** Starts the time anew. @param milliseconds until the next `restart` or `stop` */
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

/** The chunks of a body. The time that the reader takes for one does not count as idle. */
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
