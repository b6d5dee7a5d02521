import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { type HostTool, reinstall } from './host-tool.ts';

/** How one call of a host program differs from the ordinary. */
export interface RunOptions {
  readonly cwd?: string;
  /** Added to the runner's environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Text for the standard input, or a stream whose errors fail the call. */
  readonly input?: string | Readable;
  /** Where the standard output goes instead of into the result. */
  readonly output?: Writable;
  /** Which exit codes are no failure; only 0 when absent. */
  readonly acceptExit?: (code: number) => boolean;
  /** What it prints is a secret: it is neither logged nor told when the tool fails. */
  readonly secret?: boolean;
  /** Milliseconds after which the tool is killed; no limit when absent. */
  readonly timeout?: number;
  /** Called with every line that the tool prints on either stream. */
  readonly onLine?: (line: string) => void;
}

/** What a finished host program left. */
export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** The one way to host programs: arguments as an array, never through a shell. */
export interface Runner {
  /** @throws FactoryError `tool` when the program is missing, `step` when it fails, `interrupted` when cancelled */
  run(tool: HostTool, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** The program's full path. @throws FactoryError `tool` when it is missing */
  locate(tool: HostTool): Promise<string>;
}

const SYSTEM_DIRECTORIES = ['/usr/sbin', '/sbin', '/usr/local/sbin'];
const LAST_LINES = 15;

/**
 * Makes a runner whose programs all die with `signal`. Each runs in the C locale and in UTC, so that what it prints and
 * writes does not depend on the person's settings.
 * @param log called with every command line and every line printed
 */
export function createRunner(parameters: {
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
}): Runner {
  const { signal, log } = parameters;
  // System administration tools are outside an ordinary user's PATH on Debian.
  const path = [parameters.env['PATH'] ?? '', ...SYSTEM_DIRECTORIES].filter(Boolean).join(delimiter);
  const base = { ...parameters.env, PATH: path, LC_ALL: 'C', LANGUAGE: undefined, TZ: 'UTC' };

  async function locate(tool: HostTool): Promise<string> {
    const candidates = isAbsolute(tool.name)
      ? [tool.name]
      : path.split(delimiter).map((directory) => join(directory, tool.name));
    for (const candidate of candidates) {
      const found = await access(candidate, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (found) return candidate;
    }
    throw new FactoryError('TOOL_MISSING', `${tool.name} is not installed`, { remedy: reinstall(tool) });
  }

  // biome-ignore lint/complexity/noExcessiveCognitiveComplexity: still to be taken apart.
  async function run(tool: HostTool, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const file = await locate(tool);
    signal.throwIfAborted();
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
      buffer: { stdout: options.output === undefined, stderr: true },
      maxBuffer: 16 * 1024 * 1024,
    });
    const feeds: Promise<void>[] = [];
    if (options.input !== undefined && typeof options.input !== 'string') {
      // A tool that ends early closes its end; its own exit status tells more than EPIPE does.
      feeds.push(pipeline(options.input, child.stdin as Writable, { signal }).catch(ignoreBrokenPipe));
    }
    if (options.output) feeds.push(pipeline(child.stdout, options.output, { signal }));
    const follow = async (from: 'stdout' | 'stderr') => {
      for await (const line of child.iterable({ from })) {
        if (!options.secret) log(line);
        options.onLine?.(line);
      }
    };
    // A failed tool also fails these; what it means is told below.
    const reading = Promise.allSettled([follow('stderr'), options.output ? undefined : follow('stdout')]);
    const fed = Promise.allSettled(feeds);
    const broken = Promise.all(feeds).catch((error: unknown) => {
      child.kill();
      throw error;
    });
    broken.catch(() => undefined);
    const result = await child;
    await Promise.all([reading, fed]);
    if (signal.aborted) throw interruption(signal);
    await broken;
    const exitCode = result.exitCode ?? -1;
    if (result.failed && !(result.exitCode !== undefined && options.acceptExit?.(exitCode))) {
      throw new FactoryError('TOOL_FAILED', `${tool.name} ${outcome(result)}`, {
        details: options.secret ? [] : lastLines(String(result.stderr || result.stdout || '')),
        ...(options.secret ? {} : { cause: result }),
      });
    }
    return { stdout: String(result.stdout ?? ''), stderr: String(result.stderr ?? ''), exitCode };
  }

  return { run, locate };
}

/** The error that a cancelled signal stands for. */
export function interruption(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new FactoryError('INTERRUPTED', 'interrupted');
}

function outcome(result: {
  exitCode?: number | undefined;
  signal?: string | undefined;
  message?: string | undefined;
}): string {
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

function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
}
