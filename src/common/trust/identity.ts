import type { KeyObject } from 'node:crypto';
import type { SignedEntity } from '@sigstore/verify';

/** Someone whom a certificate authority vouches for, and who may speak for images or files. */
export interface TrustIdentity {
  /** Whom and by which issuer, for messages. */
  readonly name: string;
  /** Tells it from other identities and from keys. */
  readonly fingerprint: string;
  /**
   * Checks certificate, logs, time, signature and subject.
   * @returns the key of the certificate
   * @throws Error with a half sentence that follows "the signature"
   */
  verify(entity: SignedEntity): KeyObject;
}
