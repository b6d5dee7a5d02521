import { ERROR_CODES, type ErrorCode, type ErrorKind } from './error-codes.ts';

/** Exit status of each kind; 0 is success and 1 is kept for defects of our own. */
export const EXIT_STATUS: Readonly<Record<ErrorKind, number>> = {
  usage: 2,
  tool: 3,
  step: 4,
  verification: 5,
  interrupted: 130,
};

/** The optional parts of a {@link FactoryError}. */
export interface FactoryErrorOptions {
  /** What the person can do about it, in one sentence. */
  readonly remedy?: string;
  /** Supporting lines, such as the last lines a tool printed. */
  readonly details?: readonly string[];
  readonly cause?: unknown;
}

/** The one error that the factory throws on purpose; anything else that reaches the top is a defect. */
export class FactoryError extends Error {
  override readonly name = 'FactoryError';
  /** What scripts, and our own code, decide by. */
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly remedy: string | undefined;
  readonly details: readonly string[];

  constructor(code: ErrorCode, message: string, options: FactoryErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.kind = ERROR_CODES[code].kind;
    this.remedy = options.remedy;
    this.details = options.details ?? [];
  }
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
