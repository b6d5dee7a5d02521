import { styleText } from 'node:util';
import { CommanderError } from '@commander-js/extra-typings';
import { explainSystemError } from '../../common/errors/explain.ts';
import { EXIT_STATUS, FactoryError } from '../../common/errors/factory-error.ts';
import { docLines } from './doc-lines.ts';
import { isDebug } from './verbosity.ts';

const DEFECT_STATUS = 1;

let logFile: string | undefined;

/** Sets the log file that error messages refer to. */
export function rememberLog(file: string): void {
  logFile = file;
}

/** Prints an error on stderr and sets the exit status (docs/decisions/0006-errors-and-exit-codes.md). */
export function failWith(thrown: unknown): void {
  const error = explainSystemError(thrown);
  // Commander has already printed its message.
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_STATUS.usage;
    return;
  }
  process.stderr.write(renderError(error));
  process.exitCode = error instanceof FactoryError ? EXIT_STATUS[error.kind] : DEFECT_STATUS;
}

/** Describes an error for `--json`: code, exit status and text. */
export function describeError(thrown: unknown): Record<string, unknown> {
  const error = explainSystemError(thrown);
  if (error instanceof CommanderError) {
    const [first = '', ...details] = error.message.replace(/^error: /, '').split('\n');
    const { usage: status } = EXIT_STATUS;
    return { code: 'OPTION_INVALID', kind: 'usage', status, message: first, details };
  }
  if (!(error instanceof FactoryError)) {
    return { kind: 'defect', status: DEFECT_STATUS, message: String(error), log: logFile };
  }
  const { code, kind, message, details, remedy } = error;
  return { code, kind, status: EXIT_STATUS[kind], message, details, remedy, log: logFile };
}

function renderError(error: unknown): string {
  const red = (text: string) => styleText('red', text, { stream: process.stderr });
  const log = logFile === undefined ? [] : [`  log: ${logFile}`];
  if (!(error instanceof FactoryError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return [red('error: this is a defect of kairos-factory; please report it'), stack, ...log, ''].join('\n');
  }
  const remedy = error.remedy === undefined ? [] : [`  to do: ${error.remedy}`];
  const docs = docLines([error.message, ...error.details, error.remedy].join('\n'));
  const quiet = error.kind === 'usage' || error.kind === 'interrupted';
  return [
    `${red('error:')} ${error.message}`,
    ...error.details.map((line) => `  ${line}`),
    ...remedy,
    ...docs,
    `  code: ${error.code}`,
    ...(quiet ? [] : log),
    ...(isDebug() ? stacksOf(error) : []),
    '',
  ].join('\n');
}

/** The stack of an error, and of what caused it. */
function stacksOf(error: Error): string[] {
  const stack = error.stack ?? error.message;
  return error.cause instanceof Error ? [stack, 'caused by:', ...stacksOf(error.cause)] : [stack];
}
