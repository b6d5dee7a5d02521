import { channel } from 'node:diagnostics_channel';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { execa } from 'execa';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { connectStreams, type StreamOptions } from './connect-streams.ts';
import { type HostTool, reinstall } from './host-tool.ts';

/** Options of one call of a host program. */
export interface RunOptions extends StreamOptions {
  readonly cwd?: string;
  /** Added to the runner's environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Which exit codes count as success; only 0 when absent. */
  readonly acceptExit?: (code: number) => boolean;
  /** Milliseconds after which the tool is killed; no limit when absent. */
  readonly timeout?: number;
}

/** The output and the exit code of a finished host program. */
export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** Runs host programs: arguments are an array, and no shell is involved. */
export interface Runner {
  /** @throws FactoryError `tool` when the program is missing, `step` when it fails, `interrupted` when cancelled */
  run(tool: HostTool, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** The program's full path. @throws FactoryError `tool` when it is missing */
  locate(tool: HostTool): Promise<string>;
}

const SYSTEM_DIRECTORIES = ['/usr/sbin', '/sbin', '/usr/local/sbin'];
const LAST_LINES = 15;

/** The name of the channel of node:diagnostics_channel with every line that a runner logs, for whoever follows them. */
export const RUNNER_LINES = 'kairos-factory.runner-lines';
const lines = channel(RUNNER_LINES);

/**
 * Creates a runner that kills its programs when `signal` is aborted. Each runs in the C locale and in UTC, so that its output
 * does not depend on the user's settings.
 * @param parameters.log called with every command line and every line printed
 */
export function createRunner(parameters: {
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
}): Runner {
  const { signal } = parameters;
  const log = (line: string) => {
    parameters.log(line);
    lines.publish(line);
  };
  // System administration tools are outside an ordinary user's PATH on Debian.
  const path = [parameters.env['PATH'] ?? '', ...SYSTEM_DIRECTORIES].filter(Boolean).join(delimiter);
  const base = { ...parameters.env, PATH: path, LC_ALL: 'C', LANGUAGE: undefined, TZ: 'UTC' };

  async function locate(tool: HostTool): Promise<string> {
    const candidates = [tool.name, ...(tool.aliases ?? [])].flatMap((name) =>
      isAbsolute(name) ? [name] : path.split(delimiter).map((directory) => join(directory, name)),
    );
    for (const candidate of candidates) {
      const found = await access(candidate, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (found) return candidate;
    }
    throw new FactoryError('TOOL_MISSING', `${tool.name} is not installed`, { remedy: reinstall(tool) });
  }

  /** Whoever is at the other end of the streams of a program that cannot start would wait for it forever. */
  async function locateFor(tool: HostTool, { input, output }: RunOptions): Promise<string> {
    try {
      const file = await locate(tool);
      signal.throwIfAborted();
      return file;
    } catch (error) {
      if (typeof input === 'object') input.destroy();
      output?.destroy();
      throw error;
    }
  }

  async function run(tool: HostTool, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const file = await locateFor(tool, options);
    log(`$ ${[tool.name, ...args].join(' ')}`);
    const child = execa(file, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(typeof options.input === 'string' ? { input: options.input } : {}),
      ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
      stdin: options.input === undefined ? 'ignore' : 'pipe',
      env: { ...base, ...options.env },
      extendEnv: false,
      cancelSignal: signal,
      forceKillAfterDelay: 3000,
      killDescendants: true,
      reject: false,
      stripFinalNewline: false,
      buffer: { stdout: options.output === undefined && !options.discard, stderr: !options.discard },
      maxBuffer: 16 * 1024 * 1024,
    });
    const streams = connectStreams(child, options, { signal, log });
    const result = await child;
    await streams.closed;
    if (signal.aborted) throw interruption(signal);
    await streams.copied;
    const { exitCode } = result;
    const accepted = exitCode !== undefined && options.acceptExit?.(exitCode);
    if (result.failed && !accepted) throw toolFailure(tool, result, options);
    return {
      stdout: String(result.stdout ?? ''),
      stderr: String(result.stderr ?? ''),
      exitCode: exitCode ?? -1,
    };
  }

  return { run, locate };
}

/** The error to throw for an aborted signal: its reason, or `INTERRUPTED`. */
export function interruption(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new FactoryError('INTERRUPTED', 'interrupted');
}

/** How a program ended, with its captured output. */
interface Outcome {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly message?: string | undefined;
  readonly stdout?: unknown;
  readonly stderr?: unknown;
}

function toolFailure(tool: HostTool, result: Outcome, { secret }: RunOptions): FactoryError {
  const message = `${tool.name} ${describeOutcome(result)}`;
  if (secret) return new FactoryError('TOOL_FAILED', message);
  return new FactoryError('TOOL_FAILED', message, {
    details: lastLines(String(result.stderr || result.stdout || '')),
    cause: result,
  });
}

function describeOutcome(result: Outcome): string {
  if (result.signal) return `was killed by ${result.signal}`;
  return result.exitCode === undefined
    ? `could not run: ${result.message}`
    : `failed with status ${result.exitCode}`;
}

function lastLines(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-LAST_LINES);
}
