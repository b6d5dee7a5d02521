import type { HttpFetch } from './http-fetch.ts';

/** What a program left behind. */
export interface Finished {
  /** Exit status; 128 + n after signal n. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a program is run. */
export interface RunOptions {
  /** Text for its standard input; nothing otherwise. */
  readonly input?: string;
  /** Added to the agent's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Give the status back instead of throwing when it is not 0. */
  readonly allowFailure?: boolean;
  /** Milliseconds after which it is killed; no limit otherwise. */
  readonly timeout?: number;
  /** The program talks to the terminal itself: nothing is captured. */
  readonly terminal?: boolean;
  /** Ends the program. */
  readonly signal?: AbortSignal;
}

/** How a program is run that reads a stream. */
export type PipeOptions = Pick<RunOptions, 'env' | 'signal' | 'allowFailure'>;

/** What a path names. Times are milliseconds since 1970, sizes bytes. */
export interface FileStat {
  readonly kind: 'file' | 'directory' | 'link' | 'block' | 'other';
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly modified: number;
}

/** Attributes of a file that is written. */
export interface WriteOptions {
  /** Permission bits, whatever the umask; 0644 by default. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** Levels of the log. */
export type Level = 'debug' | 'info' | 'warn' | 'error';

/**
 * The one door between the agent and the machine (docs/decisions/0001-typescript-on-both-sides.md). Paths are absolute.
 * Errors of the operating system come through as Node gives them; a program that fails throws `FactoryError` of kind
 * `step` with its last lines.
 */
export interface Host {
  /** Runs a program of the machine; arguments go to it as they are, through no shell. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<Finished>;
  /**
   * Runs a program that reads a stream on its standard input. What the stream throws ends the program and is thrown on;
   * arguments that are paths must be as the process sees them.
   */
  pipeInto(
    program: string,
    args: readonly string[],
    input: AsyncIterable<Uint8Array>,
    options?: PipeOptions,
  ): Promise<Finished>;
  /** Whether a program of that name can be run. */
  has(program: string): Promise<boolean>;

  /** `undefined` when there is no such file. */
  readText(path: string): Promise<string | undefined>;
  /** `undefined` when there is no such file. */
  readBytes(path: string): Promise<Uint8Array | undefined>;
  /** Replaces a file in one go: whoever reads finds the old content or the new, after a power cut too. Parents are made. */
  write(path: string, content: string | Uint8Array, options?: WriteOptions): Promise<void>;
  append(path: string, content: string): Promise<void>;
  /** Makes a directory and its parents; `mode` (default 0755) for those that are new. */
  makeDirectory(path: string, mode?: number): Promise<void>;
  /** Removes a file or a tree; fine when there is none. */
  remove(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Makes a symbolic link, in place of what is there. */
  link(target: string, path: string): Promise<void>;
  readLink(path: string): Promise<string>;
  chmod(path: string, mode: number): Promise<void>;
  /** Follows no link. */
  chown(path: string, uid: number, gid: number): Promise<void>;
  /** Names in a directory, sorted; none when it is not there. */
  list(path: string): Promise<string[]>;
  /** `undefined` when there is nothing; follows links unless told otherwise. */
  stat(path: string, options?: { readonly follow?: boolean }): Promise<FileStat | undefined>;
  /** Makes a file's content, or a directory's entries, survive a power cut. */
  sync(path: string): Promise<void>;
  /** A new empty directory of the agent's own, for the owner only. */
  temporary(prefix: string): Promise<string>;
  /** The path as the process itself sees it, for streams. */
  resolve(path: string): string;

  /** Proxies come from the environment. Use it through `src/common/http`, which follows redirects and tries again. */
  readonly fetch: HttpFetch;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  now(): Date;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Machine architecture as images name it: `amd64`, `arm64`, … */
  readonly arch: string;
  log(level: Level, message: string): void;
}
