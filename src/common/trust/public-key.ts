import { createHash, createPublicKey, type KeyObject } from 'node:crypto';

/** A public key that may sign images. */
export interface TrustKey {
  /** The name of its file. */
  readonly name: string;
  readonly key: KeyObject;
  /** sha256 of its SubjectPublicKeyInfo, in hex: the same key in two files is one key. */
  readonly fingerprint: string;
}

/** A single PEM block without other text: `createPublicKey` would also accept private keys and certificates. */
const PEM = /^\s*-----BEGIN PUBLIC KEY-----\s[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\s*$/;

/** Minimum length of an RSA key, in bits (NIST SP 800-131A). */
const RSA_BITS = 2048;

/**
 * Parses a public key as `cosign generate-key-pair` and `openssl pkey -pubout` write it.
 * @throws Error whose message continues a sentence that starts with the name of the file
 */
export function parsePublicKey(name: string, text: string): TrustKey {
  if (text.includes('PRIVATE KEY')) throw new Error('is a private key; only public keys belong in a policy');
  if (!PEM.test(text)) throw new Error('is not a single public key in PEM format (BEGIN PUBLIC KEY)');
  const key = decode(text);
  const problem = weakness(key);
  if (problem) throw new Error(problem);
  const der = key.export({ type: 'spki', format: 'der' });
  return { name, key, fingerprint: createHash('sha256').update(der).digest('hex') };
}

function decode(text: string): KeyObject {
  try {
    return createPublicKey({ key: text, format: 'pem', type: 'spki' });
  } catch (error) {
    throw new Error('cannot be decoded', { cause: error });
  }
}

/** Why a key is not accepted: it must be ECDSA on P-256, Ed25519, or RSA with 2048 bits or more. */
function weakness(key: KeyObject): string | undefined {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return undefined;
    case 'ec':
      return namedCurve === 'prime256v1' ? undefined : `is on the curve ${namedCurve}, not P-256`;
    case 'rsa':
      return modulusLength >= RSA_BITS ? undefined : `has ${modulusLength} bits, less than ${RSA_BITS}`;
    default:
      return `is of the type ${key.asymmetricKeyType}, not ECDSA P-256, Ed25519 or RSA`;
  }
}
