import { ERROR_CODES, type ErrorCode, type ErrorKind } from './error-codes.ts';
import { isSystemError, placeOf, systemReason } from './system-error.ts';

/** Exit status of each kind; 0 is success, and 1 is reserved for bugs. */
export const EXIT_STATUS: Readonly<Record<ErrorKind, number>> = {
  usage: 2,
  tool: 3,
  step: 4,
  verification: 5,
  interrupted: 130,
};

/** The optional parts of a {@link FactoryError}. */
export interface FactoryErrorOptions {
  /** What the user can do about it, in one sentence. */
  readonly remedy?: string;
  /** Supporting lines, such as the last lines a tool printed. */
  readonly details?: readonly string[];
  readonly cause?: unknown;
}

/** The error for all expected failures; any other error that reaches the top level is a bug. */
export class FactoryError extends Error {
  override readonly name = 'FactoryError';
  /** Identifies the failure for scripts and for our own code. */
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

/** Returns the message of a thrown value. One of the operating system is in plain words, and starts with the path that it is about. */
export function messageOf(error: unknown): string {
  const place = isSystemError(error) ? placeOf(error) : undefined;
  return place === undefined ? reasonOf(error) : `${place}: ${reasonOf(error)}`;
}

/** Like {@link messageOf}, for messages that name the path themselves, as the person gave it. */
export function reasonOf(error: unknown): string {
  if (isSystemError(error)) return systemReason(error);
  return error instanceof Error ? error.message : String(error);
}
