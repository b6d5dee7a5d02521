import { appendFileSync } from 'node:fs';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { connectDaemon, type DockerDaemon } from '../engine/docker/daemon.ts';
import { dockerEndpoint } from '../engine/docker/endpoint.ts';
import { COSIGN_SECRETS } from '../tools/cosign.ts';
import { createRunner, interruption, type Runner } from '../tools/runner.ts';
import { cacheDirectory, openWorkspace, type Workspace } from './workspace.ts';

/** What a command works with, from its first line to its last. */
export interface Session {
  readonly runner: Runner;
  /** Runs programs that clean up: the signal does not end them. */
  readonly cleanup: Runner;
  /** The Docker daemon, connected to on first use. @throws FactoryError when it cannot be used */
  readonly daemon: () => Promise<DockerDaemon>;
  readonly workspace: Workspace;
  readonly signal: AbortSignal;
  /** Cancels every running program; only the first reason counts. */
  readonly cancel: (reason: unknown) => void;
  /** Writes a line to the log of this run. */
  readonly log: (line: string) => void;
}

/** How a session is opened. */
export interface SessionOptions {
  /** Names of variables that programs do not inherit. */
  readonly secrets?: readonly string[];
  /** Receives the path of the log as soon as there is one. */
  readonly onLog?: (file: string) => void;
}

/**
 * Runs `body` with a workspace, a log, and signals that cancel. However it ends, temporary files and child processes are
 * gone afterwards (docs/decisions/0005-whole-or-not-at-all.md).
 * @throws what `body` throws, or the reason of the cancellation; FactoryError `interrupted` after SIGINT or SIGTERM
 */
export async function withSession<T>(
  body: (session: Session) => Promise<T>,
  { secrets = [], onLog }: SessionOptions = {},
): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const workspace = await openWorkspace(cacheDirectory(process.env));
  onLog?.(workspace.log);
  const log = (line: string) => appendFileSync(workspace.log, `${new Date().toISOString()} ${line}\n`);
  const env = withoutSecrets(process.env, secrets);
  const runner = createRunner({ log, env, signal });
  const cleanup = createRunner({ log, env, signal: new AbortController().signal });
  let connection: Promise<DockerDaemon> | undefined;
  const daemon = () => {
    connection ??= dockerEndpoint(process.env).then((found) => connectDaemon(found, { runner, signal }));
    return connection;
  };
  const cancel = (reason: unknown) => {
    if (!signal.aborted) controller.abort(reason);
  };
  const onSignal = (name: NodeJS.Signals) => cancel(interruptedBy(name));
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    const result = await body({ runner, cleanup, daemon, workspace, signal, cancel, log });
    // A failure that cancelled the rest is in the result; a signal from outside is not.
    if (signal.reason instanceof FactoryError && signal.reason.kind === 'interrupted') throw signal.reason;
    return result;
  } catch (error) {
    // The error of an aborted request explains less than the reason of the abort.
    throw signal.aborted ? interruption(signal) : error;
  } finally {
    await workspace.close();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

function interruptedBy(name: NodeJS.Signals): FactoryError {
  return new FactoryError('INTERRUPTED', `interrupted by ${name}`, {
    remedy: 'Run the command again to go on.',
  });
}

/** An environment for programs without the secrets that sign: only cosign receives those, from its caller. */
export function withoutSecrets(
  env: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
): Readonly<Record<string, string | undefined>> {
  const hidden = new Set<string>([...COSIGN_SECRETS, ...names]);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !hidden.has(name)));
}
