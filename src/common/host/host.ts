import type { HttpFetch } from './http-fetch.ts';

/** The result of a program. */
export interface Finished {
  /** Exit status; 128 + n after signal n. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options for running a program. */
export interface RunOptions {
  /** Text for its standard input, which is empty by default. */
  readonly input?: string;
  /** Added to the agent's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Return a status other than 0 instead of throwing. */
  readonly allowFailure?: boolean;
  /** Milliseconds after which it is killed; no limit by default. */
  readonly timeout?: number;
  /** Connect the program to the terminal instead of capturing its output. */
  readonly terminal?: boolean;
  /** Aborting it ends the program. */
  readonly signal?: AbortSignal;
}

/** Options for running a program that reads a stream. */
export type PipeOptions = Pick<RunOptions, 'env' | 'signal' | 'allowFailure'>;

/** Attributes of a file. Times are in milliseconds since 1970, sizes in bytes. */
export interface FileStat {
  readonly kind: 'file' | 'directory' | 'link' | 'block' | 'other';
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly modified: number;
}

/** Attributes of a file to write. */
export interface WriteOptions {
  /** Permission bits, regardless of the umask; 0644 by default. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** Log levels. */
export type Level = 'debug' | 'info' | 'warn' | 'error';

/**
 * The agent's only access to the machine (docs/decisions/0001-typescript-on-both-sides.md). Paths are absolute. Errors of
 * the operating system are thrown as by Node; a failed program throws a `FactoryError` of kind `step` with the last lines
 * of its output.
 */
export interface Host {
  /** Runs a program of the machine, without a shell. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<Finished>;
  /**
   * Runs a program that reads a stream from its standard input. An error of the stream ends the program and is rethrown.
   * Paths in `args` must be {@link resolve resolved}.
   */
  pipeInto(
    program: string,
    args: readonly string[],
    input: AsyncIterable<Uint8Array>,
    options?: PipeOptions,
  ): Promise<Finished>;
  /** Whether a program can be run. */
  has(program: string): Promise<boolean>;

  /** `undefined` when there is no such file. */
  readText(path: string): Promise<string | undefined>;
  /** `undefined` when there is no such file. */
  readBytes(path: string): Promise<Uint8Array | undefined>;
  /** Replaces a file atomically, so that it has the old or the new content even after a power cut. Creates parents. */
  write(path: string, content: string | Uint8Array, options?: WriteOptions): Promise<void>;
  append(path: string, content: string): Promise<void>;
  /** Creates a directory; `mode` (0755 by default) applies to a new one. New parents have the usual mode. */
  makeDirectory(path: string, mode?: number): Promise<void>;
  /** Removes a file or a tree, if it exists. */
  remove(path: string): Promise<void>;
  /** Renames finished content; it is on the disk before it has the new name, and the name too when this returns. */
  rename(from: string, to: string): Promise<void>;
  /** Creates a symbolic link, and replaces an existing file or link; the link survives a power cut. */
  link(target: string, path: string): Promise<void>;
  readLink(path: string): Promise<string>;
  chmod(path: string, mode: number): Promise<void>;
  /** Changes the owner; does not follow links. */
  chown(path: string, uid: number, gid: number): Promise<void>;
  /** Names in a directory, sorted; empty when it does not exist. */
  list(path: string): Promise<string[]>;
  /** `undefined` when the path does not exist; follows links by default. */
  stat(path: string, options?: { readonly follow?: boolean }): Promise<FileStat | undefined>;
  /** Flushes a file's content, or a directory's entries, to disk. */
  sync(path: string): Promise<void>;
  /** Creates an empty temporary directory that only its owner can access. */
  temporary(prefix: string): Promise<string>;
  /** Returns the path as the process sees it, for streams. */
  resolve(path: string): string;

  /** Proxies come from the environment. Use it through `src/common/http`, which follows redirects and retries. */
  readonly fetch: HttpFetch;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  now(): Date;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Adds variables to the environment of this process and of the programs that it runs from now on. */
  setEnvironment(variables: Readonly<Record<string, string>>): void;
  /** The machine's architecture, by its name in images: `amd64`, `arm64`, … */
  readonly arch: string;
  log(level: Level, message: string): void;
}
