import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { FactoryError } from '../../common/errors/factory-error.ts';

/** A terminal. */
interface Terminal {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

/** Asks a question on a terminal; the answer is not shown. @throws FactoryError `interrupted` after Ctrl-C or Ctrl-D */
export async function askSecret(question: string, { input, output }: Terminal): Promise<string> {
  // readline echoes what is typed.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: silent, terminal: true, historySize: 0 });
  // Only now: before, the terminal itself would show what is typed.
  output.write(question);
  try {
    return await new Promise<string>((resolve, reject) => {
      const end = () => reject(new FactoryError('INTERRUPTED', 'no password was given'));
      lines.once('SIGINT', end);
      lines.once('close', end);
      lines.question('').then(resolve, reject);
    });
  } finally {
    lines.close();
    output.write('\n');
  }
}
