import type { HttpPort } from '../../http/http-port.ts';

/** How a credential helper is run. */
export interface HelperOptions {
  readonly input: string;
  readonly allowFailure: true;
  /** Milliseconds after which it is killed. */
  readonly timeout: number;
}

/**
 * What reading registries needs of a machine. The agent's port `Host` is one; the factory makes its own. Errors of the
 * operating system come through as Node gives them.
 */
export interface RegistryHost extends HttpPort {
  /** Runs a credential helper; what it prints is a secret. */
  run(
    program: string,
    args: readonly string[],
    options: HelperOptions,
  ): Promise<{ readonly status: number; readonly stdout: string }>;
  /** Whether a program of that name can be run. */
  has(program: string): Promise<boolean>;
  /** `undefined` when there is no such file. */
  readText(path: string): Promise<string | undefined>;
  /** Makes a directory and its parents; `mode` for those that are new. */
  makeDirectory(path: string, mode: number): Promise<void>;
  /** The path as the process itself sees it, for streams. */
  resolve(path: string): string;
  readonly env: Readonly<Record<string, string | undefined>>;
}
