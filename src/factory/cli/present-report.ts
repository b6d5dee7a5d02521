import { describeError, failWith } from './render-error.ts';

/** What a command reports when it has ended. */
export interface CommandReport {
  /** For programs. */
  readonly json: unknown;
  /** For people. */
  readonly text: string;
  /** Exit status, where it is not 0 although nothing failed. */
  readonly status?: number;
  /** Failures that the report contains; they are printed after it, and the first sets the exit status. */
  readonly failures?: readonly unknown[];
}

/** How a report is presented. */
interface PresentOptions {
  /** Print JSON on stdout, for an error too. */
  readonly json?: boolean | undefined;
  /** What the JSON of an error has besides the error. */
  readonly partial?: () => object;
}

/**
 * Runs the body of a command and prints its report on stdout, as text or as JSON. With JSON, an error is printed there as
 * `{ "error": … }` too, before it goes on to where all errors go.
 * @param body returns nothing when there is nothing left to print
 * @throws what `body` throws
 */
export async function presentReport(
  { json = false, partial }: PresentOptions,
  body: () => Promise<CommandReport | undefined>,
): Promise<void> {
  try {
    const report = await body();
    if (report === undefined) return;
    process.stdout.write(json ? toJson(report.json) : report.text);
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
