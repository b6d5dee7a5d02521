/** The size of the terminal: no wider than what the commands below write, to be read on a phone. */
export const TERMINAL = { columns: 76, rows: 30 } as const;

/** A command of the session. */
export interface SessionCommand {
  readonly command: string;
  /** What is typed at its questions, in order; an empty answer takes what is proposed. */
  readonly answers: readonly string[];
}

/** The commands of the recording, in a directory that is empty at the start. */
export const SESSION: readonly SessionCommand[] = [
  { command: 'kairos-factory init', answers: ['', 'iso', '', '', ''] },
  { command: 'kairos-factory plan', answers: [] },
  { command: 'kairos-factory build', answers: [] },
  { command: 'kairos-factory inspect build/*.iso | head -n 27', answers: [] },
  { command: 'kairos-factory size build | head -n 16', answers: [] },
];
