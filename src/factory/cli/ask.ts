import { createInterface } from 'node:readline/promises';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { interruptedBy } from '../tools/stop-signals.ts';

/** A person who answers questions. */
export interface Person extends Disposable {
  /** Prints a line, and returns the line that the person types. @throws FactoryError `interrupted` for Ctrl-C and Ctrl-D */
  readonly ask: (text: string) => Promise<string>;
  readonly say: (text: string) => void;
}

/** The person at this terminal. Questions are lines of text: they work in every terminal, at any width. */
export function personAtTerminal(): Person {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const stopped = new AbortController();
  lines.on('SIGINT', () => stopped.abort(interruptedBy('SIGINT')));
  lines.on('close', () =>
    stopped.abort(new FactoryError('INTERRUPTED', 'the input ended before the last answer')),
  );
  return {
    ask: (text) =>
      lines.question(text, { signal: stopped.signal }).catch((error: unknown) => {
        throw stopped.signal.aborted ? stopped.signal.reason : error;
      }),
    say: (text) => void process.stderr.write(`${text}\n`),
    [Symbol.dispose]: () => lines.close(),
  };
}

/** A question, its answer when the person types none, and how the text of an answer is read. */
export interface Question<Answer> {
  readonly text: string;
  readonly proposed: string;
  /** @throws FactoryError for text that is not an answer; the person is asked again */
  readonly read: (text: string) => Answer | Promise<Answer>;
}

/** Asks until the answer is valid. @throws FactoryError `interrupted` when the person stops */
export async function answerOf<Answer>(person: Person, question: Question<Answer>): Promise<Answer> {
  person.say(question.text);
  for (;;) {
    const typed = (await person.ask(question.proposed === '' ? '> ' : `[${question.proposed}] > `)).trim();
    try {
      return await question.read(typed === '' ? question.proposed : typed);
    } catch (error) {
      if (!(error instanceof FactoryError)) throw error;
      person.say([error.message, error.remedy].filter(Boolean).join('. '));
    }
  }
}
