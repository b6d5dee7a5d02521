import { appendFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { explainSystemError } from '../../common/errors/explain.ts';
import { connectDaemon, type DockerDaemon } from '../engine/docker/daemon.ts';
import { dockerEndpoint } from '../engine/docker/endpoint.ts';
import { withRoom } from '../machine/with-room.ts';
import { COSIGN_SECRETS } from '../tools/cosign.ts';
import { createRunner, interruption, type Runner } from '../tools/runner.ts';
import { interruptedBy, onStopSignal } from '../tools/stop-signals.ts';
import { withStep } from './current-step.ts';
import { COMMAND_LINE } from './tidy/read-logs.ts';
import { cacheDirectory, openWorkspace, type Workspace } from './workspace.ts';

/** The resources of a running command. */
export interface Session {
  readonly runner: Runner;
  /** Runs programs for cleanup; the signal does not stop them. */
  readonly cleanup: Runner;
  /** The Docker daemon, connected to on first use. @throws FactoryError when it cannot be used */
  readonly daemon: () => Promise<DockerDaemon>;
  readonly workspace: Workspace;
  readonly signal: AbortSignal;
  /** Cancels all running programs; only the first reason counts. */
  readonly cancel: (reason: unknown) => void;
  /** Writes a line to the log of the session. */
  readonly log: (line: string) => void;
}

/** Options of {@link withSession}. */
export interface SessionOptions {
  /** Names of variables that programs do not inherit. */
  readonly secrets?: readonly string[];
  /** Called with the path of the log once it exists. */
  readonly onLog?: (file: string) => void;
}

/**
 * Runs `body` with a workspace, a log and cancellation by signals. Temporary files and child processes are always removed
 * afterwards (docs/decisions/0005-whole-or-not-at-all.md).
 * @throws what `body` throws, or the reason of the cancellation; FactoryError `interrupted` after SIGINT,
 *   SIGTERM or SIGHUP
 */
export async function withSession<T>(
  body: (session: Session) => Promise<T>,
  { secrets = [], onLog }: SessionOptions = {},
): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const cancel = (reason: unknown) => {
    if (!signal.aborted) controller.abort(reason);
  };
  const external: unknown[] = [];
  const stop = (reason: unknown) => {
    external.push(reason);
    cancel(reason);
  };
  // Before there is anything to clean up.
  using _signals = onStopSignal((name) => stop(interruptedBy(name)));
  using _defects = onUncaught(stop);
  const workspace = await openWorkspace(cacheDirectory(process.env));
  onLog?.(workspace.log);
  const log = (line: string) => {
    try {
      appendFileSync(workspace.log, `${new Date().toISOString()} ${withStep(line)}\n`);
    } catch {
      // A full disk ends the work with its own message, not with that of the log.
    }
  };
  log(`${COMMAND_LINE}${withoutUserInfo(process.argv.slice(2).join(' '))}`);
  const env = withoutSecrets(process.env, secrets);
  const runner = createRunner({ log, env, signal });
  const cleanup = createRunner({ log, env, signal: new AbortController().signal });
  let connection: Promise<DockerDaemon> | undefined;
  const daemon = () => {
    connection ??= dockerEndpoint(process.env).then((found) => connectDaemon(found, { runner, signal }));
    return connection;
  };
  try {
    const result = await body({ runner, cleanup, daemon, workspace, signal, cancel, log });
    // The result includes a failure that cancelled other work, but neither an external signal nor a defect.
    if (external.includes(signal.reason)) throw signal.reason;
    return result;
  } catch (error) {
    // The reason of the abort is clearer than the error of an aborted request.
    if (signal.aborted) throw interruption(signal);
    const explained = explainSystemError(error);
    throw explained === error ? error : withRoom(explained, [workspace.root, tmpdir()]);
  } finally {
    await workspace.close();
  }
}

/** Removes names and passwords from URLs. */
function withoutUserInfo(text: string): string {
  return text.replaceAll(/:\/\/[^/@\s]+@/g, '://***@');
}

/** Calls `stop` for errors that nothing awaits, which would end Node.js before the session has cleaned up. */
function onUncaught(stop: (reason: unknown) => void): Disposable {
  process.on('uncaughtException', stop);
  return { [Symbol.dispose]: () => process.off('uncaughtException', stop) };
}

/** Removes signing secrets from the environment of programs; only cosign receives them, from its caller. */
export function withoutSecrets(
  env: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
): Readonly<Record<string, string | undefined>> {
  const hidden = new Set<string>([...COSIGN_SECRETS, ...names]);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !hidden.has(name)));
}
