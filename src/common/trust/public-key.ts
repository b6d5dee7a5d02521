import { createHash, createPublicKey, type KeyObject } from 'node:crypto';

/** A public key that may sign images. */
export interface TrustKey {
  /** The name of its file. */
  readonly name: string;
  readonly key: KeyObject;
  /** sha256 of its SubjectPublicKeyInfo, in hex: the same key in two files is one key. */
  readonly fingerprint: string;
}

/**
 * A single PEM block without other text: `createPublicKey` would also accept private keys and certificates. `RSA PUBLIC KEY`
 * is PKCS #1 (RFC 8017, appendix A.1.1), which cosign accepts as well.
 */
const PEM = /^\s*-----BEGIN (RSA )?PUBLIC KEY-----\s[A-Za-z0-9+/=\s]+-----END \1PUBLIC KEY-----\s*$/;

/** Minimum length of an RSA key, in bits (NIST SP 800-131A). */
const RSA_BITS = 2048;

/**
 * Parses a public key as `cosign generate-key-pair` and `openssl pkey -pubout` write it.
 * @throws Error whose message continues a sentence that starts with the name of the file
 */
export function parsePublicKey(name: string, text: string): TrustKey {
  if (text.includes('PRIVATE KEY')) throw new Error('is a private key; only public keys belong in a policy');
  const block = PEM.exec(text);
  if (!block) throw new Error('is not a single public key in PEM format (BEGIN PUBLIC KEY)');
  const key = decode(text, block[1] === undefined ? 'spki' : 'pkcs1');
  const problem = weakness(key);
  if (problem) throw new Error(problem);
  const der = key.export({ type: 'spki', format: 'der' });
  return { name, key, fingerprint: createHash('sha256').update(der).digest('hex') };
}

function decode(text: string, type: 'spki' | 'pkcs1'): KeyObject {
  try {
    return createPublicKey({ key: text, format: 'pem', type });
  } catch (error) {
    throw new Error('cannot be decoded', { cause: error });
  }
}

/**
 * With Ed25519 keys, cosign uses the variant Ed25519ph (its `GetDefaultLoadOptions`, 3.1.3), which neither Node's OpenSSL
 * 3 nor Bun's BoringSSL can verify; other tools make plain Ed25519 signatures.
 * @returns the end of a sentence about a signature by none of the keys; empty when none of them is an Ed25519 key
 */
export function prehashHint(keys: readonly TrustKey[]): string {
  const named = keys.find(({ key }) => key.asymmetricKeyType === 'ed25519')?.name;
  return named ? `; with ${named}, only plain Ed25519 can be verified, not the Ed25519ph of cosign` : '';
}

/** Names that people know the curves by. */
const CURVES: Readonly<Record<string, string>> = { secp384r1: 'P-384', secp521r1: 'P-521' };

/** Why a key is not accepted: it must be ECDSA on P-256, Ed25519, or RSA with 2048 bits or more. */
function weakness(key: KeyObject): string | undefined {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return undefined;
    case 'ec':
      if (namedCurve === 'prime256v1') return undefined;
      return `is on the curve ${CURVES[namedCurve ?? ''] ?? namedCurve}; signatures can be verified with P-256 only`;
    case 'rsa':
      return modulusLength >= RSA_BITS ? undefined : `has ${modulusLength} bits, less than ${RSA_BITS}`;
    default:
      return `is of the type ${key.asymmetricKeyType}, not ECDSA P-256, Ed25519 or RSA`;
  }
}
