import type { KeyObject } from 'node:crypto';
import { FactoryError, messageOf } from '../errors/factory-error.ts';
import type { TrustIdentity } from './identity.ts';
import type { Objection } from './refusal.ts';

/** The two forms in which cosign stores the signature of an image. */
export type SignatureForm = 'classic' | 'bundle';

/** A signature that was found for an image and has not been verified yet. */
export interface Signature {
  readonly form: SignatureForm;
  /** The digest of its content in the registry. */
  readonly place: string;
  /** The signed statement; only trustworthy once the signature is verified. */
  readonly statement?: Uint8Array;
  /** Whether it was made with the key. */
  madeBy(key: KeyObject): boolean;
  /** Why it is not by the identity; `undefined` when it is. */
  refusedBy(identity: TrustIdentity): string | undefined;
  /** Why its content is not a statement about the image; `undefined` when it is. Call it once a signer is verified. */
  objection(): Objection | undefined;
}

/** An apparent signature that cannot be used. */
export interface Unusable {
  readonly form: SignatureForm;
  readonly place: string;
  readonly reason: string;
  /** The failure of the registry that prevented reading; there may be a valid signature behind it. */
  readonly outage?: FactoryError;
}

/** Signatures, read one by one until there are enough. */
export type Signatures = AsyncGenerator<Signature | Unusable, void, undefined>;

/**
 * Turns an error while reading a signature into the reason for which that signature alone is refused.
 * @throws FactoryError `interrupted`, unchanged
 */
export function reasonOf(error: unknown): string {
  if (error instanceof FactoryError && error.kind === 'interrupted') throw error;
  return `cannot be read: ${messageOf(error).split('\n')[0]}`;
}

/** What stands for signatures that an error made unreadable. @throws FactoryError `interrupted`, unchanged */
export function unusable(form: SignatureForm, place: string, error: unknown): Unusable {
  const reason = reasonOf(error);
  const isOutage = error instanceof FactoryError && error.code === 'REGISTRY_UNREACHABLE';
  return { form, place, reason, ...(isOutage ? { outage: error } : {}) };
}

/** Reads a signature, or what may be one; if that fails, returns why. */
export async function unlessUnusable<T>(
  form: SignatureForm,
  place: string,
  read: () => Promise<T>,
): Promise<T | Unusable> {
  try {
    return await read();
  } catch (error) {
    return unusable(form, place, error);
  }
}
