import { FactoryError } from '../../../src/errors/factory-error.ts';

/** The FactoryError that `work` ends with; any other end fails the test. */
export async function failureOf(work: () => unknown): Promise<FactoryError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof FactoryError) return error;
    throw error;
  }
  throw new Error('a FactoryError was expected, and nothing was thrown');
}
