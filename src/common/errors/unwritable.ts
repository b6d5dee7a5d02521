import { explainSystemError } from './explain.ts';
import { FactoryError, messageOf } from './factory-error.ts';

/**
 * The error for a path that cannot be written to. A full disk keeps its own code, because another path may not help.
 * @param what what cannot be done, with the path, such as `cannot create the output directory /x`
 */
export function unwritable(error: unknown, what: string, remedy: string): FactoryError {
  const explained = explainSystemError(error);
  const message = `${what}: ${messageOf(error)}`;
  if (explained instanceof FactoryError && explained.code === 'DISK_FULL') {
    const { code, remedy: free = remedy } = explained;
    return new FactoryError(code, message, { remedy: free, cause: error });
  }
  return new FactoryError('OUTPUT_UNWRITABLE', message, { remedy, cause: error });
}
