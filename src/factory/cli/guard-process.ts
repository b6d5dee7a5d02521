import { interruptedBy, onStopSignal, stopListeners } from '../tools/stop-signals.ts';

/**
 * Ends the process with a message when a signal arrives while nothing else handles it: while the program loads, and between
 * the parts of a command. A session ends its own work first. Output that nobody reads any more is dropped.
 */
export function guardProcess(): void {
  onStopSignal((name) => {
    if (stopListeners(name) > 1) return;
    // Imported late: the guard works before the rest of the program is loaded.
    void import('./render-error.ts').then(({ failWith }) => {
      failWith(interruptedBy(name));
      process.exit();
    });
  });
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // The reader of a pipe has gone, or the terminal has been closed.
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    });
  }
}
