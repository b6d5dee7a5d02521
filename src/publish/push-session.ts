import { appendFileSync } from 'node:fs';
import { FactoryError } from '../errors/factory-error.ts';
import { cacheDirectory, openWorkspace } from '../pipeline/workspace.ts';
import { createRunner, interruption, type Runner } from '../tools/runner.ts';

/** What a push works with; it needs no engine. */
export interface PushSession {
  readonly runner: Runner;
  readonly signal: AbortSignal;
  /** Directory for temporary files, gone afterwards. */
  readonly work: string;
  readonly log: (line: string) => void;
}

/**
 * Runs `body` with a directory of its own, and with signals that cancel.
 * @param onLog told the path of the log
 * @throws FactoryError `interrupted` after SIGINT or SIGTERM; what `body` throws
 */
export async function withPushSession<T>(
  onLog: (file: string) => void,
  body: (session: PushSession) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const onSignal = (name: NodeJS.Signals) => {
    const remedy = 'Run the command again to go on.';
    controller.abort(new FactoryError('interrupted', `interrupted by ${name}`, { remedy }));
  };
  const workspace = await openWorkspace(cacheDirectory(process.env));
  onLog(workspace.log);
  const log = (line: string) => appendFileSync(workspace.log, `${new Date().toISOString()} ${line}\n`);
  const runner = createRunner({ signal, log, env: process.env });
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    return await body({ runner, signal, work: workspace.work, log });
  } catch (error) {
    // What the signal ended has an error of its own, which says nothing.
    throw signal.aborted ? interruption(signal) : error;
  } finally {
    await workspace.close();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}
