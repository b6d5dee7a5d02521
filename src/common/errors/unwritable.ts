import type { ErrorCode } from './error-codes.ts';
import { explainSystemError } from './explain.ts';
import { FactoryError, reasonOf } from './factory-error.ts';

/** What {@link unwritable} says beside the reason. */
interface Advice {
  readonly remedy: string;
  /** Default: OUTPUT_UNWRITABLE. */
  readonly code?: ErrorCode;
}

/**
 * The error for a path that cannot be written to. A full disk keeps its own code, because another path may not help.
 * @param what what cannot be done, with the path, such as `cannot create the output directory /x`
 */
export function unwritable(
  error: unknown,
  what: string,
  { remedy, code = 'OUTPUT_UNWRITABLE' }: Advice,
): FactoryError {
  const explained = explainSystemError(error);
  const message = `${what}: ${reasonOf(error)}`;
  if (explained instanceof FactoryError && explained.code === 'DISK_FULL') {
    const { remedy: free = remedy } = explained;
    return new FactoryError('DISK_FULL', message, { remedy: free, cause: error });
  }
  return new FactoryError(code, message, { remedy, cause: error });
}
