import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** QEMU's control connection (QMP). */
export interface Monitor extends Disposable {
  /** Writes a picture of the machine's screen to a PNG file. */
  readonly screenshot: (file: string) => Promise<void>;
  /** Ends the machine, as if its power was cut. */
  readonly quit: () => void;
}

/** Speaks QMP over a connection. QEMU answers one command after the other. */
export function openMonitor(connection: Socket): Monitor {
  const answers: ((answer: unknown) => void)[] = [];
  connection.on('error', () => undefined);
  connection.on('close', () => {
    for (const answer of answers.splice(0)) answer(undefined);
  });
  const lines = createInterface({ input: connection });
  // It reports the errors of the connection again.
  lines.on('error', () => undefined);
  lines.on('line', (line) => {
    const message = JSON.parse(line) as Record<string, unknown>;
    if ('return' in message || 'error' in message) answers.shift()?.(message);
  });
  const execute = (command: string, options?: object) =>
    new Promise<unknown>((resolve) => {
      if (connection.destroyed) return resolve(undefined);
      answers.push(resolve);
      connection.write(`${JSON.stringify({ execute: command, ...(options && { arguments: options }) })}\n`);
    });
  void execute('qmp_capabilities');
  return {
    screenshot: async (filename) => void (await execute('screendump', { filename, format: 'png' })),
    quit: () => void execute('quit'),
    [Symbol.dispose]: () => connection.destroy(),
  };
}
