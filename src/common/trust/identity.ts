import type { KeyObject } from 'node:crypto';
import type { SignedEntity } from '@sigstore/verify';

/** A signer of images or files whose identity a certificate authority certifies. */
export interface TrustIdentity {
  /** The identity and its issuer, for messages. */
  readonly name: string;
  /** Distinguishes it from other identities and from keys. */
  readonly fingerprint: string;
  /**
   * Verifies the certificate, the logs, the time, the signature and the subject.
   * @returns the key of the certificate
   * @throws Error whose message continues a sentence that starts with "the signature"
   */
  verify(entity: SignedEntity): KeyObject;
}
