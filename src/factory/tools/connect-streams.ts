import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Where the streams of a host program lead. */
export interface StreamOptions {
  /** Text for the standard input, or a stream whose errors fail the call. */
  readonly input?: string | Readable;
  /** Receives the standard output, which is then missing from the result. */
  readonly output?: Writable;
  /** Treat the output as secret: neither the log nor an error contains it. */
  readonly secret?: boolean;
  /** Keep none of the output, however long it is: it is missing from the result, and from an error. */
  readonly discard?: boolean;
  /** Called with every line that the program prints on either stream. */
  readonly onLine?: (line: string) => void;
}

/** The members of execa's subprocess that are used here. */
interface ChildProcess {
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  iterable(options: { readonly from: 'stdout' | 'stderr' }): AsyncIterable<unknown>;
  kill(): boolean;
}

/** The streams of a running program. */
interface ConnectedStreams {
  /** Resolves when every stream has ended, well or not. */
  readonly closed: Promise<unknown>;
  /** Rejects with the error of `input` or `output`, for which the program is killed. */
  readonly copied: Promise<unknown>;
}

/**
 * Connects the streams of a running program and follows its lines. A text for the standard input is execa's to write.
 * @param context.signal stops the copying
 * @param context.log called with every line, unless the output is secret
 */
export function connectStreams(
  child: ChildProcess,
  { input, output, secret = false, onLine }: StreamOptions,
  { signal, log }: { readonly signal: AbortSignal; readonly log: (line: string) => void },
): ConnectedStreams {
  const copies: Promise<void>[] = [];
  if (child.stdin && input !== undefined && typeof input !== 'string') {
    // A program that ends early closes its end; its exit status says more than EPIPE does.
    copies.push(pipeline(input, child.stdin, { signal }).catch(ignoreBrokenPipe));
  }
  if (child.stdout && output) copies.push(pipeline(child.stdout, output, { signal }));

  const follow = async (from: 'stdout' | 'stderr') => {
    for await (const line of child.iterable({ from })) {
      if (!secret) log(String(line));
      onLine?.(String(line));
    }
  };
  // These reject when the program fails, which the caller reports.
  const followed = Promise.allSettled([follow('stderr'), output ? undefined : follow('stdout')]);

  const copied = Promise.all(copies).catch((error: unknown) => {
    child.kill();
    throw error;
  });
  copied.catch(() => undefined);
  return { closed: Promise.all([followed, Promise.allSettled(copies)]), copied };
}

function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
}
