import { CommanderError } from '@commander-js/extra-typings';
import { describeError } from './render-error.ts';

/**
 * Keeps the promise of `--json` that a failure is JSON, too, also one of the command line: a mistyped option fails before any
 * command runs.
 * @param output the standard output; a command that has printed there has printed its own JSON
 * @returns prints `{ "error": … }` for an error that nothing was printed for
 */
export function promiseJson(
  args: readonly string[],
  output: NodeJS.WritableStream,
): (error: unknown) => void {
  const end = args.indexOf('--');
  const isWanted = (end < 0 ? args : args.slice(0, end)).includes('--json');
  if (!isWanted) return () => undefined;
  let hasPrinted = false;
  const write = output.write.bind(output) as (...parameters: unknown[]) => boolean;
  output.write = (...parameters: unknown[]) => {
    hasPrinted = true;
    return write(...parameters);
  };
  return (error) => {
    // Help and the version are not failures.
    if (hasPrinted || (error instanceof CommanderError && error.exitCode === 0)) return;
    output.write(`${JSON.stringify({ error: describeError(error) }, null, 2)}\n`);
  };
}
