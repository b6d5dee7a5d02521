import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { Cancelled, type Terminal } from './dialogue.ts';

/** Opens a terminal on streams, until disposal; Ctrl-C and Ctrl-D reject a pending question with `Cancelled`. */
export function openTerminal(input: NodeJS.ReadStream, output: NodeJS.WriteStream): Terminal & Disposable {
  let hidden = false;
  // readline echoes the input; while a secret is entered, nothing is passed to the output.
  const echo = new Writable({
    write: (chunk: Buffer, _, done) => {
      if (!hidden) output.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input, output: echo, terminal: input.isTTY ?? false, historySize: 0 });
  const closing = new Promise<never>((_, reject) => {
    lines.once('close', () => reject(new Cancelled('the dialogue was cancelled')));
  });
  // The terminal may close while no question is pending.
  closing.catch(() => undefined);
  lines.on('SIGINT', () => lines.close());
  const ask = (question: string) => Promise.race([lines.question(question), closing]);
  return {
    say: (text) => void output.write(text),
    ask,
    askSecret: async (question) => {
      output.write(question);
      hidden = true;
      try {
        return await ask('');
      } finally {
        hidden = false;
        output.write('\n');
      }
    },
    [Symbol.dispose]: () => lines.close(),
  };
}
