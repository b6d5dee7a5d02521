import { FactoryError } from './factory-error.ts';

const NO_SPACE =
  'Free some space, or use other places: --output for artifacts, KAIROS_FACTORY_CACHE for everything else.';
const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: NO_SPACE,
  EDQUOT: NO_SPACE,
  EACCES: 'Check the permissions of that path.',
  EPERM: 'Check the permissions of that path.',
  ENOENT: 'Check that the path exists.',
  EROFS: 'Choose a place that can be written to.',
  EMFILE: 'Raise the limit of open files: ulimit -n 4096',
};

/** Whether an error was reported by the operating system. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).errno === 'number';
}

/**
 * Turns what went wrong in a step into an error for the person: system errors get a remedy, a tool that ran out of space
 * too. Defects stay what they are.
 */
export function explain(title: string, error: unknown): unknown {
  if (isSystemError(error) && error.code !== undefined && error.code in REMEDIES) {
    const remedy = REMEDIES[error.code] ?? '';
    return new FactoryError('step', `${title}: ${error.message}`, { remedy, cause: error });
  }
  if (!(error instanceof FactoryError) || error.kind === 'interrupted') return error;
  const full = error.details.some((line) =>
    /no space left on device|exceeds free space on media/i.test(line),
  );
  const remedy = full ? NO_SPACE : error.remedy;
  return new FactoryError(error.kind, `${title}: ${error.message}`, {
    details: error.details,
    ...(remedy === undefined ? {} : { remedy }),
    cause: error,
  });
}
