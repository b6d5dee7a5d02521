/** The optional parts of a {@link TransientHttpError}. */
export interface TransientOptions {
  /** The wait in milliseconds that the server asked for. */
  readonly wait?: number | undefined;
  /** The status of the response, if there was one. */
  readonly status?: number | undefined;
  /** What the user can do when no attempt succeeds. */
  readonly remedy?: string | undefined;
  /** Whether the server was reached, but does not speak TLS with us. */
  readonly lacksTls?: boolean | undefined;
  readonly cause?: unknown;
}

/** A failure that a retry may fix. `retrying` handles it, so users never see it. */
export class TransientHttpError extends Error {
  override readonly name = 'TransientHttpError';
  readonly wait: number | undefined;
  readonly status: number | undefined;
  readonly remedy: string | undefined;
  readonly lacksTls: boolean;

  constructor(message: string, { wait, status, remedy, lacksTls = false, cause }: TransientOptions = {}) {
    super(message, { cause });
    this.wait = wait;
    this.status = status;
    this.remedy = remedy;
    this.lacksTls = lacksTls;
  }
}
