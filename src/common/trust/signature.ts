import type { KeyObject } from 'node:crypto';
import { FactoryError, messageOf } from '../errors/factory-error.ts';
import type { TrustIdentity } from './identity.ts';

/** The two forms in which cosign keeps the signature of an image. */
export type SignatureForm = 'classic' | 'bundle';

/** A signature that was found beside an image, and may be worth anything or nothing. */
export interface Signature {
  readonly form: SignatureForm;
  /** The digest of its content in the registry. */
  readonly place: string;
  /** The signed statement; worth what the signature is worth. */
  readonly statement?: Uint8Array;
  /** Whether the key made it. */
  madeBy(key: KeyObject): boolean;
  /** Why it is not that of an identity; `undefined` when it is. */
  refusedBy(identity: TrustIdentity): string | undefined;
  /** Why what it says is no statement on the image; `undefined` when it is. To be asked after one of the others only. */
  objection(): string | undefined;
}

/** Something that looks like a signature, but cannot be one. */
export interface Unusable {
  readonly form: SignatureForm;
  readonly place: string;
  readonly reason: string;
}

/** Signatures are read one by one, until there are enough. */
export type Signatures = AsyncGenerator<Signature | Unusable, void, undefined>;

/**
 * Whatever goes wrong while something is read speaks against that signature, and against no other.
 * @throws FactoryError `interrupted` as it is
 */
export function reasonOf(error: unknown): string {
  if (error instanceof FactoryError && error.kind === 'interrupted') throw error;
  return `cannot be read: ${messageOf(error).split('\n')[0]}`;
}

/** A signature, or why it cannot be read. */
export async function unlessUnusable(
  form: SignatureForm,
  place: string,
  read: () => Promise<Signature>,
): Promise<Signature | Unusable> {
  try {
    return await read();
  } catch (error) {
    return { form, place, reason: reasonOf(error) };
  }
}
