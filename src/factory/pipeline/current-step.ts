import { AsyncLocalStorage } from 'node:async_hooks';

/** The step that the code below a call works for. */
const current = new AsyncLocalStorage<string>();

/** Runs the work of a step: lines of the log that it causes name it, also those of programs that the engine runs for it. */
export function asStep<T>(id: string, work: () => Promise<T>): Promise<T> {
  return current.run(id, work);
}

/** Puts the step that runs in front of a line; a line outside of steps stays as it is. */
export function withStep(line: string): string {
  const id = current.getStore();
  return id === undefined ? line : `[${id}] ${line}`;
}
