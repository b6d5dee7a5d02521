import { styleText } from 'node:util';
import { needsUserNamespace } from '../engine/unshare.ts';

/** Tells the person, on standard error, what is odd. A run that starts again in a user namespace leaves it to that one. */
export function warn(line: string): void {
  if (needsUserNamespace()) return;
  process.stderr.write(`${styleText('yellow', 'warning:', { stream: process.stderr })} ${line}\n`);
}
