import { FactoryError } from './factory-error.ts';

/**
 * Waits for all promises of a chain of streams. The failure of one makes the others fail too, so the error that is thrown
 * is the first that explains itself, else the first of all.
 */
export async function settleAll(promises: readonly Promise<unknown>[]): Promise<void> {
  const failures: unknown[] = [];
  await Promise.all(promises.map((promise) => promise.catch((error: unknown) => failures.push(error))));
  if (failures.length > 0) throw failures.find((error) => error instanceof FactoryError) ?? failures[0];
}
