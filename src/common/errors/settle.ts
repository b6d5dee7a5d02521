import { FactoryError } from './factory-error.ts';

/**
 * Waits for all promises of a chain of streams. A failure makes the others fail too, so it throws the first
 * `FactoryError`, or else the first error.
 */
export async function settleAll(promises: readonly Promise<unknown>[]): Promise<void> {
  const failures: unknown[] = [];
  await Promise.all(promises.map((promise) => promise.catch((error: unknown) => failures.push(error))));
  if (failures.length > 0) throw failures.find((error) => error instanceof FactoryError) ?? failures[0];
}
