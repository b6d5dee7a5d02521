import type { HttpPort } from '../../http/http-port.ts';

/** How a credential helper is run. */
export interface HelperOptions {
  readonly input: string;
  readonly allowFailure: true;
  /** Milliseconds after which it is killed. */
  readonly timeout: number;
}

/**
 * The functions of a machine that a registry client needs. The agent's `Host` implements it, and the factory has its own.
 * Errors of the operating system are thrown as by Node.
 */
export interface RegistryHost extends HttpPort {
  /** Runs a credential helper; its output is secret. */
  run(
    program: string,
    args: readonly string[],
    options: HelperOptions,
  ): Promise<{ readonly status: number; readonly stdout: string }>;
  /** Whether a program can be run. */
  has(program: string): Promise<boolean>;
  /** `undefined` when there is no such file. */
  readText(path: string): Promise<string | undefined>;
  /** Creates a directory and its parents; `mode` applies to new ones. */
  makeDirectory(path: string, mode: number): Promise<void>;
  /** Returns the path as the process sees it, for streams. */
  resolve(path: string): string;
  readonly env: Readonly<Record<string, string | undefined>>;
}
