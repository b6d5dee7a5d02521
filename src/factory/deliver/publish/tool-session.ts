import { appendFileSync } from 'node:fs';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { withoutSecrets } from '../../pipeline/session.ts';
import { cacheDirectory, openWorkspace } from '../../pipeline/workspace.ts';
import { createRunner, interruption, type Runner } from '../../tools/runner.ts';

/** What a command works with that runs programs and asks registries, and touches no images of an engine. */
export interface ToolSession {
  readonly runner: Runner;
  readonly signal: AbortSignal;
  /** Directory for short-lived files. */
  readonly work: string;
  readonly log: (line: string) => void;
}

/**
 * Runs `body` with a runner, a log and signals that cancel; temporary files and programs are gone afterwards.
 * @param secrets names of variables that programs do not inherit
 * @throws what `body` throws; FactoryError `interrupted` after SIGINT or SIGTERM
 */
export async function withTools<T>(
  body: (session: ToolSession) => Promise<T>,
  { secrets, onLog }: { readonly secrets: readonly string[]; readonly onLog: (file: string) => void },
): Promise<T> {
  const controller = new AbortController();
  const workspace = await openWorkspace(cacheDirectory(process.env));
  onLog(workspace.log);
  const log = (line: string) => appendFileSync(workspace.log, `${new Date().toISOString()} ${line}\n`);
  const env = withoutSecrets(process.env, secrets);
  const runner = createRunner({ signal: controller.signal, log, env });
  const onSignal = (signal: NodeJS.Signals) => {
    controller.abort(
      new FactoryError('interrupted', `interrupted by ${signal}`, {
        remedy: 'Run the command again to go on.',
      }),
    );
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    const result = await body({ runner, signal: controller.signal, work: workspace.work, log });
    controller.signal.throwIfAborted();
    return result;
  } catch (error) {
    // What an aborted request says of itself explains less than the signal.
    throw controller.signal.aborted ? interruption(controller.signal) : error;
  } finally {
    await workspace.close();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}
