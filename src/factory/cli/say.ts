import { isQuiet } from './verbosity.ts';

/** Prints what happens on stderr, unless the command is quiet. */
export function say(text: string): void {
  if (!isQuiet()) process.stderr.write(`${text}\n`);
}

/** Prints what the person should know on stderr, unless the command is quiet. */
export function notice(text: string): void {
  say(`notice: ${text}`);
}

/** Prints on stdout what a command has made, unless the command is quiet. */
export function report(text: string): void {
  if (!isQuiet()) process.stdout.write(text);
}
