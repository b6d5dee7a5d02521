import type { ErrorKind } from '../../../src/common/errors/error-codes.ts';
import { FactoryError } from '../../../src/common/errors/factory-error.ts';

/** The FactoryError that `work` ends with; any other end, or another kind where one is named, fails the test. */
export async function failureOf(work: () => unknown, kind?: ErrorKind): Promise<FactoryError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof FactoryError && (kind === undefined || error.kind === kind)) return error;
    throw error;
  }
  throw new Error('a FactoryError was expected, and nothing was thrown');
}
