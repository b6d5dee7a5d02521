import { explain } from '../../common/errors/explain.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { isSystemError } from '../../common/errors/system-error.ts';

/** Remedies of the operating system's errors on a node; by code. */
const REMEDIES: Readonly<Record<string, string>> = {
  PERMISSION_DENIED: 'Run the command as root, for example with sudo.',
  DISK_FULL: 'Free some space on that filesystem.',
};

/** Gives an error of the operating system a code and a remedy; other errors are returned unchanged. */
export function explainOnNode(error: unknown): unknown {
  if (!isSystemError(error)) return error;
  const explained = explain('the operation failed', error);
  if (!(explained instanceof FactoryError)) return error;
  const { code, message, remedy = '' } = explained;
  return new FactoryError(code, message, { remedy: REMEDIES[code] ?? remedy, cause: error });
}

/**
 * Renders an error as people see it: its message, details, remedy and code. Anything but a `FactoryError` is a defect, and is
 * shown with its stack.
 */
export function errorLines(error: unknown): string[] {
  if (!(error instanceof FactoryError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return ['this is a defect of kairos-agent; please report it', ...stack.split('\n')];
  }
  const { message, details, remedy, code } = error;
  return [
    message,
    ...details.map((line) => `  ${line}`),
    ...(remedy === undefined ? [] : [`  to do: ${remedy}`]),
    `  code: ${code}`,
  ];
}
