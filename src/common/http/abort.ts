import { FactoryError } from '../errors/factory-error.ts';

/** @throws the reason of an aborted signal if it is an error of our own; otherwise FactoryError `interrupted` */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  const reason: unknown = signal.reason;
  if (reason instanceof Error && !(reason instanceof DOMException)) throw reason;
  throw new FactoryError('INTERRUPTED', 'the transfer was interrupted');
}

/** Returns a signal that aborts after a timeout in milliseconds, or as soon as the given signal does. */
export function within(milliseconds: number, signal: AbortSignal | undefined): AbortSignal {
  return AbortSignal.any([AbortSignal.timeout(milliseconds), ...(signal ? [signal] : [])]);
}
