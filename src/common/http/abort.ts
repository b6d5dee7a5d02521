import { FactoryError } from '../errors/factory-error.ts';

/** @throws the reason of the signal once it is aborted; FactoryError `interrupted` when it has none of our own */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  const reason: unknown = signal.reason;
  if (reason instanceof Error && !(reason instanceof DOMException)) throw reason;
  throw new FactoryError('INTERRUPTED', 'the transfer was interrupted');
}

/** A signal that ends with any of the given ones, and after some milliseconds. */
export function within(milliseconds: number, signal: AbortSignal | undefined): AbortSignal {
  return AbortSignal.any([AbortSignal.timeout(milliseconds), ...(signal ? [signal] : [])]);
}
