/** The optional parts of a {@link TransientHttpError}. */
export interface TransientOptions {
  /** Milliseconds that the server asks to wait. */
  readonly wait?: number | undefined;
  /** The status of the answer, when there was one. */
  readonly status?: number | undefined;
  readonly cause?: unknown;
}

/** A request failed in a way that another attempt may not. `retrying` acts on it; nobody else sees it. */
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
