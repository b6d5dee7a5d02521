import { expect } from 'vitest';
import { type ErrorKind, FactoryError } from '../../src/errors/factory-error.ts';

/** The error that a call fails with; fails the test when it does not, or with another kind. */
export async function failureOf(call: () => unknown, kind: ErrorKind): Promise<FactoryError> {
  const error = await Promise.resolve()
    .then(call)
    .then(
      () => undefined,
      (reason: unknown) => reason,
    );
  expect(error).toBeInstanceOf(FactoryError);
  expect((error as FactoryError).kind).toBe(kind);
  return error as FactoryError;
}
