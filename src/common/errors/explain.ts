import type { ErrorCode } from './error-codes.ts';
import { FactoryError } from './factory-error.ts';

interface Explanation {
  readonly code: ErrorCode;
  readonly remedy: string;
}

const NO_SPACE: Explanation = {
  code: 'DISK_FULL',
  remedy:
    'Free some space, or use other places: --output for artifacts, KAIROS_FACTORY_CACHE for everything else.',
};
const NO_PERMISSION: Explanation = {
  code: 'PERMISSION_DENIED',
  remedy: 'Check the permissions of that path.',
};

/** Errors of the operating system (errno(3)) that a person can do something about. */
const SYSTEM_ERRORS: ReadonlyMap<string, Explanation> = new Map([
  ['ENOSPC', NO_SPACE],
  ['EDQUOT', NO_SPACE],
  ['EACCES', NO_PERMISSION],
  ['EPERM', NO_PERMISSION],
  ['ENOENT', { code: 'PATH_NOT_FOUND', remedy: 'Check that the path exists.' }],
  ['EROFS', { code: 'READ_ONLY', remedy: 'Choose a place that can be written to.' }],
  ['EMFILE', { code: 'TOO_MANY_OPEN_FILES', remedy: 'Raise the limit of open files: ulimit -n 4096' }],
]);

/** What programs print when the disk is full: the C library's ENOSPC, and xorriso. */
const DISK_FULL_OUTPUT = /no space left on device|exceeds free space on media/i;

/** Whether an error was reported by the operating system. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).errno === 'number';
}

/** Whether a program failed because the disk is full, by what it printed. */
export function isDiskFull({ details }: Pick<FactoryError, 'details'>): boolean {
  return details.some((line) => DISK_FULL_OUTPUT.test(line));
}

/**
 * Turns what went wrong in a step into an error for the person: system errors get a remedy, and so does a tool that ran out
 * of space. Defects stay what they are.
 */
export function explain(title: string, error: unknown): unknown {
  const known = isSystemError(error) ? SYSTEM_ERRORS.get(error.code ?? '') : undefined;
  if (isSystemError(error) && known) {
    const { code, remedy } = known;
    return new FactoryError(code, `${title}: ${error.message}`, { remedy, cause: error });
  }
  if (!(error instanceof FactoryError) || error.kind === 'interrupted') return error;
  const full = error.kind === 'step' && isDiskFull(error) ? NO_SPACE : undefined;
  const { code, remedy } = full ?? error;
  return new FactoryError(code, `${title}: ${error.message}`, {
    details: error.details,
    ...(remedy === undefined ? {} : { remedy }),
    cause: error,
  });
}
