import { z } from 'zod';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { IssueParams } from '../../common/text/validate.ts';

/** Resolves a reference against a directory, in case it contains a relative path. */
export type ResolveReference = (reference: string, directory: string) => string;

/** A reference that cannot be used, until the schema reports it at its place, with the other problems. */
class UnusableReference {
  readonly text: string;
  readonly error: FactoryError;

  constructor(text: string, error: FactoryError) {
    this.text = text;
    this.error = error;
  }
}

/** Whether a value is the reference of an image, usable or not: the short form of a mapping. */
export function isReference(value: unknown): boolean {
  return typeof value === 'string' || value instanceof UnusableReference;
}

/** Resolves a reference, or keeps the reason why it cannot be used for {@link Reference}. */
export function anchorReference(
  resolveReference: ResolveReference,
  text: string,
  directory: string,
): unknown {
  try {
    return resolveReference(text, directory);
  } catch (error) {
    if (error instanceof FactoryError) return new UnusableReference(text, error);
    throw error;
  }
}

/** The schema of a value with the reference of an image. */
export const Reference = z.preprocess((value, context) => {
  if (!(value instanceof UnusableReference)) return value;
  const { code, message, remedy } = value.error;
  const params: IssueParams = { code, remedy };
  context.addIssue({ code: 'custom', message, params });
  return value.text;
}, z.string().min(1));
