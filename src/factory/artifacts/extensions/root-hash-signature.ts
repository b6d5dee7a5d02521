import { X509Certificate } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError, messageOf, reasonOf } from '../../../common/errors/factory-error.ts';
import { signDetached, verifyDetached } from '../../tools/openssl.ts';
import type { Runner } from '../../tools/runner.ts';
import { SIGNATURE_SIZE } from './disk-layout.ts';

/** A signing key and its certificate, as paths of PEM files. */
export interface Signer {
  readonly key: string;
  readonly certificate: string;
}

/** A certificate that has been read and parsed. */
export interface SigningCertificate {
  /** SHA-256 of the DER encoding, in hex. */
  readonly fingerprint: string;
}

/**
 * Checks key and certificate before anything is built. Only the PEM header of the key is examined.
 * @throws FactoryError `usage` when a file cannot be read or is of the wrong type, or when the key has a passphrase
 */
export async function checkSigner({ key, certificate }: Signer): Promise<SigningCertificate> {
  const wrong = (problem: string, remedy: string) =>
    new FactoryError('SIGNING_KEY_UNUSABLE', problem, { remedy });
  const read = (path: string) =>
    readFile(path, 'utf8').catch((error: unknown) => {
      throw wrong(`cannot read ${path}: ${reasonOf(error)}`, 'Check the path and its permissions.');
    });
  const kind = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----\r?\n(Proc-Type: 4,ENCRYPTED)?/.exec(await read(key));
  if (kind === null)
    throw wrong(
      `${key} is not a private key in PEM format`,
      'Generate one: openssl genpkey -algorithm RSA …',
    );
  if (kind[1] === 'ENCRYPTED PRIVATE KEY' || kind[2] !== undefined) {
    throw wrong(
      `${key} has a passphrase, which is not supported here`,
      'Decrypt it into a file that only you can read: openssl pkey -in KEY -out PLAIN.',
    );
  }
  const text = await read(certificate);
  try {
    return { fingerprint: new X509Certificate(text).fingerprint256.replaceAll(':', '').toLowerCase() };
  } catch (error) {
    throw wrong(
      `${certificate} is not a certificate: ${messageOf(error)}`,
      'Use the X.509 certificate of the key, in PEM format.',
    );
  }
}

/** Whether users other than the owner have access to the key. @throws when it cannot be read */
export async function isKeyExposed({ key }: Signer): Promise<boolean> {
  return ((await stat(key)).mode & 0o077) !== 0;
}

/**
 * Signs a root hash and returns the content of the signature partition (Discoverable Partitions Specification,
 * "Verity signature"): JSON, padded with zeros. The signed content is the hash as hexadecimal text.
 * @param signing.scratch directory for temporary files
 * @throws FactoryError `usage` when openssl cannot sign with this key and certificate, `step` when the signature does not
 *   verify
 */
export async function signRootHash(
  runner: Runner,
  rootHash: string,
  signing: {
    readonly signer: Signer;
    readonly certificate: SigningCertificate;
    readonly scratch: string;
  },
): Promise<Buffer> {
  const { signer, certificate, scratch } = signing;
  const content = join(scratch, 'roothash');
  const signature = join(scratch, 'roothash.p7s');
  await writeFile(content, rootHash);
  const files = { content, signature, certificate: signer.certificate };
  await signDetached(runner, files, signer.key).catch((error: unknown) => {
    if (!(error instanceof FactoryError) || error.kind !== 'step') throw error;
    throw new FactoryError(
      'SIGNING_KEY_UNUSABLE',
      `cannot sign with ${signer.key} and ${signer.certificate}`,
      {
        details: error.details,
        remedy: 'Use an RSA or elliptic-curve key, and the certificate of that key.',
        cause: error,
      },
    );
  });
  await verifyDetached(runner, files);
  const json = {
    rootHash,
    certificateFingerprint: certificate.fingerprint,
    signature: (await readFile(signature)).toString('base64'),
  };
  const text = Buffer.from(JSON.stringify(json));
  // The text must end with at least one zero byte.
  if (text.length >= SIGNATURE_SIZE) throw new FactoryError('TOOL_FAILED', 'the signature is too large');
  return Buffer.concat([text, Buffer.alloc(SIGNATURE_SIZE - text.length)]);
}
