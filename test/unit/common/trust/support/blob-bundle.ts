import { createHash } from 'node:crypto';
import type { Signer } from './signer.ts';

/** A bundle with a signature over a file's content, as `cosign sign-blob` 3.1.3 writes it. */
export function blobBundle(by: Signer, content: string | Buffer, change: object = {}): string {
  const digest = createHash('sha256').update(content).digest('base64');
  return JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: { publicKey: { hint: 'any' } },
    messageSignature: {
      messageDigest: { algorithm: 'SHA2_256', digest },
      signature: by.sign(Buffer.from(content)).toString('base64'),
      ...change,
    },
  });
}
