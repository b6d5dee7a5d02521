import { styleText } from 'node:util';
import { needsUserNamespace } from '../engine/unshare.ts';
import { isQuiet } from './verbosity.ts';

/** Prints a warning on stderr. A process that restarts in a user namespace leaves that to the new process. */
export function warn(line: string): void {
  if (needsUserNamespace() || isQuiet()) return;
  process.stderr.write(`${styleText('yellow', 'warning:', { stream: process.stderr })} ${line}\n`);
}
