import { X509Certificate } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import { signDetached, verifyDetached } from '../../tools/openssl.ts';
import type { Runner } from '../../tools/runner.ts';
import { SIGNATURE_SIZE } from './disk-layout.ts';

/** Who signs; both are paths of PEM files. */
export interface Signer {
  readonly key: string;
  readonly certificate: string;
}

/** A certificate that was read. */
export interface SigningCertificate {
  /** sha256 of the certificate in DER, in hex. */
  readonly fingerprint: string;
}

/**
 * Checks key and certificate before anything is made. Of the key nothing is read but its first and last lines' kind.
 * @throws FactoryError `usage` when one cannot be read, is of another kind, or the key has a passphrase
 */
export async function checkSigner({ key, certificate }: Signer): Promise<SigningCertificate> {
  const wrong = (problem: string, remedy: string) =>
    new FactoryError('SIGNING_KEY_UNUSABLE', problem, { remedy });
  const read = (path: string) =>
    readFile(path, 'utf8').catch((error: unknown) => {
      throw wrong(`cannot read ${path}: ${messageOf(error)}`, 'Check the path and its permissions.');
    });
  const kind = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----\r?\n(Proc-Type: 4,ENCRYPTED)?/.exec(await read(key));
  if (kind === null)
    throw wrong(`${key} is no private key in PEM`, 'Make one: openssl genpkey -algorithm RSA …');
  if (kind[1] === 'ENCRYPTED PRIVATE KEY' || kind[2] !== undefined) {
    throw wrong(
      `${key} has a passphrase, which cannot be given here`,
      'Decrypt it into a file that only you can read: openssl pkey -in KEY -out PLAIN.',
    );
  }
  const text = await read(certificate);
  try {
    return { fingerprint: new X509Certificate(text).fingerprint256.replaceAll(':', '').toLowerCase() };
  } catch (error) {
    throw wrong(
      `${certificate} is no certificate: ${messageOf(error)}`,
      'Give an X.509 certificate in PEM, that of the key.',
    );
  }
}

/** Whether others than its owner may read a key. */
export async function isKeyExposed({ key }: Signer): Promise<boolean> {
  return ((await stat(key)).mode & 0o077) !== 0;
}

/**
 * Signs a root hash and makes the content of the signature's partition (Discoverable Partitions Specification,
 * "Verity signature"): JSON, filled up with zeros. What is signed is the hash as text in hex.
 * @param signing.scratch directory for the signature
 * @throws FactoryError `usage` when openssl cannot sign with this key and certificate, `step` when the signature does not hold
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
        remedy: 'Give a key of RSA or of an elliptic curve, and the certificate of this very key.',
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
  // At least one zero ends the text.
  if (text.length >= SIGNATURE_SIZE) throw new FactoryError('TOOL_FAILED', 'the signature is too large');
  return Buffer.concat([text, Buffer.alloc(SIGNATURE_SIZE - text.length)]);
}
