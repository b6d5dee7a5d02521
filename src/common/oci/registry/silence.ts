import { TransientError } from './retry.ts';

/** Watches over a transfer that may take long as long as it goes on. */
export interface SilenceWatch {
  /** Aborted after silence, with a TransientError, and with the signal that was given. */
  readonly signal: AbortSignal;
  /** Something has happened; the next silence may last so many milliseconds. */
  readonly heard: (milliseconds: number) => void;
  readonly end: () => void;
}

/** Begins to watch. @param milliseconds that the first silence may last */
export function watchSilence(milliseconds: number, signal: AbortSignal | undefined): SilenceWatch {
  const silence = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const heard = (allowed: number) => {
    clearTimeout(timer);
    const tell = () => silence.abort(new TransientError(`nothing happened for ${allowed / 1000} s`));
    timer = setTimeout(tell, allowed).unref();
  };
  heard(milliseconds);
  return {
    signal: AbortSignal.any([silence.signal, ...(signal ? [signal] : [])]),
    heard,
    end: () => clearTimeout(timer),
  };
}
