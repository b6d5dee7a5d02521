import type { WriteStream } from 'node:tty';
import { createLiveDisplay } from './live-display.ts';
import { createFoldedLog, createLogLines } from './log-lines.ts';
import type { ProgressRenderer } from './progress-renderer.ts';
import { plainText, terminalTraits } from './terminal-traits.ts';
import { isQuiet, isVerbose } from './verbosity.ts';

/** For a command that prints errors only. */
const SILENT: ProgressRenderer = { onEvent: () => undefined, close: async () => undefined };

/** Creates a renderer: a live list on a terminal, folded lines in a CI that folds, plain lines otherwise. */
export function createProgressRenderer(stream: WriteStream): ProgressRenderer {
  if (isQuiet()) return SILENT;
  const isTerminal = stream.isTTY === true && process.stdout.isTTY === true;
  const { isLive, isUnicode, folding } = terminalTraits({ env: process.env, isTerminal });
  // Lines of programs would break the list.
  if (isLive && !isVerbose()) return createLiveDisplay(stream, { isUnicode });
  // A log is read elsewhere, whatever the locale of the machine; a dumb terminal is read here.
  const isPlain = stream.isTTY === true && !isUnicode;
  const output = { write: (text: string) => stream.write(isPlain ? plainText(text) : text) };
  return folding === undefined ? createLogLines(output) : createFoldedLog(output, folding);
}
