import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type SessionCommand, TERMINAL } from './session.ts';
import { ESCAPE } from './terminal.ts';

/** What a program wrote to its terminal. */
export interface Written {
  /** Seconds since the program was started. */
  readonly time: number;
  readonly text: string;
}

/** A command and what it wrote. */
export interface Captured {
  readonly command: string;
  readonly written: readonly Written[];
}

/** The end of a question that has an answer proposed: `[ANSWER] > `. */
const QUESTION = new RegExp(`\\[[^\\]\\n]+\\] > (?:${ESCAPE}\\[\\d+G)?$`);

/** Runs a command in a terminal of its own, by script(1), and answers its questions. @throws Error when the command fails */
export async function capture(
  { command, answers }: SessionCommand,
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<Captured> {
  const { columns, rows } = TERMINAL;
  const inside = `stty cols ${columns} rows ${rows}; ${command}`;
  const child = spawn('script', ['--quiet', '--return', '--flush', '--command', inside, '/dev/null'], {
    ...options,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const started = performance.now();
  const written: Written[] = [];
  const unused = [...answers];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written.push({ time: (performance.now() - started) / 1000, text });
    // As long as a person would take.
    if (QUESTION.test(text)) setTimeout(() => child.stdin.write(`${unused.shift() ?? ''}\r`), 900);
  });
  const [status] = await once(child, 'close');
  if (status !== 0)
    throw new Error(`${command} ended with ${status}:\n${written.map(({ text }) => text).join('')}`);
  return { command, written };
}
