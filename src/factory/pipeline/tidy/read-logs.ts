import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { didYouMean } from '../../../common/text/suggest.ts';

/** A log of a command. */
export interface LogEntry {
  /** 1 is the newest. */
  readonly number: number;
  readonly name: string;
  readonly path: string;
  /** When the command began (RFC 3339). */
  readonly began: string;
  readonly bytes: number;
  /** The words of the command; `''` in logs of older versions. */
  readonly command: string;
  /** The steps that ran, in the order of their first line. */
  readonly steps: readonly string[];
}

/** A line of a log: its time, and the step that printed it. */
const LINE = /^(\S+Z) (?:\[([^\]\s]+)\] )?(.*)$/;
/** How the first line of a log names its command. */
export const COMMAND_LINE = 'command: ';

/** Lists the logs of the last commands, the newest first. */
export async function listLogs(directory: string): Promise<LogEntry[]> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith('.log')).sort();
  return Promise.all(
    names.toReversed().map(async (name, index) => {
      const path = join(directory, name);
      const lines = (await readFile(path, 'utf8').catch(() => '')).split('\n').map((line) => LINE.exec(line));
      const [first] = lines;
      const text = first?.[3] ?? '';
      return {
        number: index + 1,
        name,
        path,
        began: first?.[1] ?? '',
        bytes: (await stat(path).catch(() => undefined))?.size ?? 0,
        command: text.startsWith(COMMAND_LINE) ? text.slice(COMMAND_LINE.length) : '',
        steps: [...new Set(lines.flatMap((line) => line?.[2] ?? []))],
      };
    }),
  );
}

/**
 * Finds what a person means: a log by its number or name, or a step, whose lines are in the newest log that has it.
 * @throws FactoryError `usage` when there is neither
 */
export function findLog(
  logs: readonly LogEntry[],
  wanted: string,
): { readonly log: LogEntry; readonly step?: string } {
  const log = logs.find(({ number, name, path }) => [String(number), name, path].includes(wanted));
  if (log !== undefined) return { log };
  // "image" also means "edge/image" of a build of several targets.
  const ofStep = (step: string) => step === wanted || step.endsWith(`/${wanted}`);
  for (const each of logs) {
    const step = each.steps.find(ofStep);
    if (step !== undefined) return { log: each, step };
  }
  const steps = [...new Set(logs.flatMap((each) => each.steps))];
  throw new FactoryError('LOG_NOT_FOUND', `there is no log of "${wanted}"${didYouMean(wanted, steps)}`, {
    remedy: 'See "kairos-factory logs" for numbers and steps.',
  });
}

/** The lines that a step has printed. */
export function linesOf(text: string, step: string): string {
  return text
    .split('\n')
    .filter((line) => LINE.exec(line)?.[2] === step)
    .map((line) => `${line}\n`)
    .join('');
}
