import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { TrustPolicy } from '../../../../../src/common/trust/policy.ts';
import { parsePublicKey, type TrustKey } from '../../../../../src/common/trust/public-key.ts';

/** A signer with its key pair. */
export interface Signer {
  readonly pem: string;
  readonly trust: TrustKey;
  sign(bytes: Uint8Array): Buffer;
}

/** Makes a key pair as cosign does, or of the other kinds that a policy may name. */
export function signer(name: string, kind: 'ecdsa' | 'ed25519' | 'rsa' = 'ecdsa'): Signer {
  const { publicKey, privateKey } = keyPair(kind);
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const algorithm = kind === 'ed25519' ? null : 'sha256';
  return { pem, trust: parsePublicKey(name, pem), sign: (bytes) => sign(algorithm, bytes, privateKey) };
}

function keyPair(kind: 'ecdsa' | 'ed25519' | 'rsa'): { publicKey: KeyObject; privateKey: KeyObject } {
  if (kind === 'ed25519') return generateKeyPairSync('ed25519');
  if (kind === 'rsa') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

/** A policy with one entry. */
export function policyOf(
  signers: readonly Signer[],
  threshold = 1,
  match = 'registry.test/os/',
): TrustPolicy {
  return {
    rules: [
      {
        match,
        keys: signers.map(({ trust }) => trust),
        threshold,
        place: '/etc/kairos/trust/policy.yaml:2:5',
      },
    ],
  };
}

/** The digest of an image. */
export function anyDigest(): string {
  return digestOf(randomBytes(8));
}

export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** The payload that cosign signs in the classic form, byte for byte as 3.1.3 writes it. */
export function simpleSigning(digest: string, type = 'cosign container image signature'): string {
  const critical = {
    identity: { 'docker-reference': 'registry.test/os/debian' },
    image: { 'docker-manifest-digest': digest },
    type,
  };
  return JSON.stringify({ critical, optional: null });
}

/** The statement that cosign signs in a bundle, as 3.1.3 writes it. */
export function statement(digest: string, predicateType = 'https://sigstore.dev/cosign/sign/v1'): string {
  const subject = [{ digest: { sha256: digest.replace('sha256:', '') }, annotations: {} }];
  return JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject, predicateType, predicate: {} });
}

/** Parts of a bundle that a test can override. */
export interface BundleOptions {
  readonly payloadType?: string;
  readonly material?: object;
  readonly signatures?: number;
}

/** A sigstore bundle over a payload, with the DSSE signature (secure-systems-lab/dsse, protocol.md). */
export function bundle(payload: string, by: Signer, options: BundleOptions = {}): string {
  const payloadType = options.payloadType ?? 'application/vnd.in-toto+json';
  const encoded = `DSSEv1 ${payloadType.length} ${payloadType} ${Buffer.byteLength(payload)} ${payload}`;
  const signature = { sig: by.sign(Buffer.from(encoded)).toString('base64') };
  return JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: { publicKey: { hint: 'any' }, ...options.material },
    dsseEnvelope: {
      payload: Buffer.from(payload).toString('base64'),
      payloadType,
      signatures: Array.from({ length: options.signatures ?? 1 }, () => signature),
    },
  });
}
