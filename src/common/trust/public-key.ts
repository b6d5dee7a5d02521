import { createHash, createPublicKey, type KeyObject } from 'node:crypto';

/** A key that may speak for images. */
export interface TrustKey {
  /** The name of its file. */
  readonly name: string;
  readonly key: KeyObject;
  /** sha256 of its SubjectPublicKeyInfo, in hex: the same key in two files is one key. */
  readonly fingerprint: string;
}

/** One block, nothing but space around it: `createPublicKey` would take private keys and certificates as well. */
const PEM = /^\s*-----BEGIN PUBLIC KEY-----\s[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\s*$/;

/** Bits of the shortest RSA key that is good for anything (NIST SP 800-131A). */
const RSA_BITS = 2048;

/**
 * Reads a public key as `cosign generate-key-pair` and `openssl pkey -pubout` write it.
 * @throws Error with a half sentence on what is wrong with it
 */
export function parsePublicKey(name: string, text: string): TrustKey {
  if (text.includes('PRIVATE KEY')) throw new Error('is a private key, which has no place here');
  if (!PEM.test(text)) throw new Error('is not one public key in PEM form (BEGIN PUBLIC KEY)');
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

/** Why a key is none of ECDSA on P-256, Ed25519, and RSA of 2048 bits or more. */
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
