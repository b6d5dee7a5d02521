/** Content of a request that is too large to be held. */
export interface StreamBody {
  /** In bytes; exactly so many are given. */
  readonly size: number;
  /** The content from its beginning; may be asked for again. */
  readonly open: () => AsyncIterable<Uint8Array>;
}

/** A request to a registry or its token server. Reading takes `GET`, and `POST` of a text, alone. */
export interface RegistryRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | StreamBody;
  readonly signal?: AbortSignal;
  /** Do not follow redirects. */
  readonly manual?: boolean;
  /** Accept any certificate. */
  readonly insecure?: boolean;
}

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
export interface RegistryHost {
  /** @throws the error of `fetch` when there is no answer */
  fetch(url: string, request?: RegistryRequest): Promise<Response>;
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
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  now(): Date;
  readonly env: Readonly<Record<string, string | undefined>>;
  log(level: 'debug' | 'warn', message: string): void;
}
