import { describeError, failWith } from './render-error.ts';
import { isQuiet } from './verbosity.ts';

/** The report of a finished command. */
export interface CommandReport {
  /** For programs. */
  readonly json: unknown;
  /** For people. */
  readonly text: string;
  /** Whether the text is the answer to a question, which `--quiet` does not suppress. */
  readonly isAnswer?: boolean;
  /** Exit status of a command that did not fail; 0 when absent. */
  readonly status?: number;
  /** Failures that the report contains; they are printed after it, and the first sets the exit status. */
  readonly failures?: readonly unknown[];
}

/** How to present a report. */
interface PresentOptions {
  /** Print the report, or the error, as JSON on stdout. */
  readonly json?: boolean | undefined;
  /** Returns further members of the JSON of an error. */
  readonly partial?: () => object;
}

/**
 * Runs the body of a command and prints its report on stdout, as text or as JSON. With JSON, an error is also printed there as
 * `{ "error": … }`, before it is thrown.
 * @param body returns `undefined` when there is nothing to print
 * @throws what `body` throws
 */
export async function presentReport(
  { json = false, partial }: PresentOptions,
  body: () => Promise<CommandReport | undefined>,
): Promise<void> {
  try {
    const report = await body();
    if (report === undefined) return;
    if (json) process.stdout.write(toJson(report.json));
    else if (report.isAnswer || !isQuiet()) process.stdout.write(report.text);
    if (report.status !== undefined) process.exitCode = report.status;
    for (const failure of (report.failures ?? []).toReversed()) failWith(failure);
  } catch (error) {
    if (json) process.stdout.write(toJson({ ...partial?.(), error: describeError(error) }));
    throw error;
  }
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
