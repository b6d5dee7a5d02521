import { interruptedBy, onStopSignal, stopListeners } from '../tools/stop-signals.ts';

/**
 * Ends the process with a message when a signal arrives while nothing else handles it: while the program loads, and between
 * the parts of a command. A session ends its own work first. Output that nobody reads any more is dropped; a
 * file for output that cannot be written to ends the process, too.
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
  for (const [stream, name] of [
    [process.stdout, 'standard output'],
    [process.stderr, 'standard error'],
  ] as const) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // The reader of a pipe has gone, or the terminal has been closed.
      if (error.code === 'EPIPE' || error.code === 'EIO') return;
      void Promise.all([import('./render-error.ts'), import('../../common/errors/unwritable.ts')]).then(
        ([{ failWith }, { unwritable }]) => {
          failWith(unwritable(error, `cannot write to ${name}`, { remedy: 'Send it elsewhere.' }));
          process.exit();
        },
      );
    });
  }
}
