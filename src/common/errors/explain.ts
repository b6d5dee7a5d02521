import type { ErrorCode } from './error-codes.ts';
import { FactoryError, messageOf } from './factory-error.ts';
import { isSystemError } from './system-error.ts';

interface Explanation {
  readonly code: ErrorCode;
  readonly remedy: string;
}

const NO_SPACE: Explanation = {
  code: 'DISK_FULL',
  remedy:
    'Free some space, or use another filesystem: --output for artifacts, TMPDIR for a bootstrap and for machines that boot, KAIROS_FACTORY_CACHE for everything else.',
};
const NO_PERMISSION: Explanation = {
  code: 'PERMISSION_DENIED',
  remedy: 'Check the permissions of the path.',
};

const NO_SUCH_FILE: Explanation = { code: 'PATH_NOT_FOUND', remedy: 'Check that the path exists.' };
const OTHER_PATH: Explanation = {
  code: 'PATH_NOT_FOUND',
  remedy: 'Check that the path leads to a file or directory of the kind that is needed.',
};
const TOO_MANY_FILES: Explanation = {
  code: 'TOO_MANY_OPEN_FILES',
  remedy: 'Raise the limit on open files: ulimit -n 4096',
};

/** Errors of the operating system (errno(3)) that the user can fix. */
const SYSTEM_ERRORS: ReadonlyMap<string, Explanation> = new Map([
  ['ENOSPC', NO_SPACE],
  ['EDQUOT', NO_SPACE],
  ['EACCES', NO_PERMISSION],
  ['EPERM', NO_PERMISSION],
  ['EIO', { code: 'DISK_FAILED', remedy: 'Check the messages of the kernel: dmesg' }],
  ['ENOENT', NO_SUCH_FILE],
  ['EISDIR', OTHER_PATH],
  ['ELOOP', OTHER_PATH],
  ['ENAMETOOLONG', OTHER_PATH],
  ['ENOTDIR', OTHER_PATH],
  ['EROFS', { code: 'READ_ONLY', remedy: 'Choose a writable location.' }],
  ['EMFILE', TOO_MANY_FILES],
  ['ENFILE', TOO_MANY_FILES],
]);

/** Output of programs when the disk is full: the C library's ENOSPC message, and that of xorriso. */
const DISK_FULL_OUTPUT = /no space left on device|exceeds free space on media/i;

/** Those that depend on the machine, wherever they appear; a missing file can be a defect. */
const OF_THE_MACHINE = new Set(['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'EIO', 'EMFILE', 'ENFILE']);

/** Turns an error of the operating system that the user can fix into one with a remedy; returns others unchanged. */
export function explainSystemError(error: unknown): unknown {
  const known = isSystemError(error) && OF_THE_MACHINE.has(error.code ?? '');
  const explanation = known ? SYSTEM_ERRORS.get(error.code ?? '') : undefined;
  if (!known || explanation === undefined) return error;
  const { code, remedy } = explanation;
  return new FactoryError(code, messageOf(error), { remedy, cause: error });
}

/** Whether a program's output shows that the disk is full. */
export function isDiskFull({ details }: Pick<FactoryError, 'details'>): boolean {
  return details.some((line) => DISK_FULL_OUTPUT.test(line));
}

/**
 * Turns the error of a step into one for the user: it gets the title of the step, and system errors and full disks get a
 * remedy. Other errors, which are bugs, and interruptions are returned unchanged.
 */
export function explain(title: string, error: unknown): unknown {
  const known = isSystemError(error) ? SYSTEM_ERRORS.get(error.code ?? '') : undefined;
  if (isSystemError(error) && known) {
    const { code, remedy } = known;
    return new FactoryError(code, `${title}: ${messageOf(error)}`, { remedy, cause: error });
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
