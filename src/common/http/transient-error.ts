/** The optional parts of a {@link TransientHttpError}. */
export interface TransientOptions {
  /** The wait in milliseconds that the server asked for. */
  readonly wait?: number | undefined;
  /** The status of the response, if there was one. */
  readonly status?: number | undefined;
  readonly cause?: unknown;
}

/** A failure that a retry may fix. `retrying` handles it, so users never see it. */
export class TransientHttpError extends Error {
  override readonly name = 'TransientHttpError';
  readonly wait: number | undefined;
  readonly status: number | undefined;

  constructor(message: string, { wait, status, cause }: TransientOptions = {}) {
    super(message, { cause });
    this.wait = wait;
    this.status = status;
  }
}
