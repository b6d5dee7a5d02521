import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { FactoryError, messageOf, reasonOf } from '../../common/errors/factory-error.ts';
import type { TrustRule } from '../../common/trust/policy.ts';
import { parsePublicKey, type TrustKey } from '../../common/trust/public-key.ts';
import { parseTrustedRoot, trustIdentity } from '../../common/trust/trusted-root.ts';
import { isKeyFile, type SignersSpec, signersProblem } from './signing.ts';

/** Size limit of keys and trusted roots, in bytes. */
const LIMIT = 4 * 1024 * 1024;

/**
 * Reads the keys and identities of accepted signers.
 * @param place where they are configured, for messages
 * @param askKms returns the public key of a KMS in PEM; without it, every key is a file
 * @throws FactoryError `usage` for an invalid key or trusted root, and a threshold that cannot be reached
 */
export async function loadSigners(
  place: string,
  signers: SignersSpec,
  askKms?: (key: string) => Promise<string>,
): Promise<TrustRule> {
  const problem = signersProblem(signers);
  if (problem !== undefined) throw unusableSigners(place, problem);
  const keys: TrustKey[] = [];
  for (const key of signers.keys) {
    const pem = askKms && !isKeyFile(key) ? await askKms(key) : await readSmall(place, key);
    keys.push(parseKey(place, key, pem));
  }
  const root = signers['trusted-root'];
  const identities = root === undefined ? [] : await readIdentities(place, root, signers.identities);
  const different = new Set([...keys, ...identities].map(({ fingerprint }) => fingerprint)).size;
  if (signers.threshold > different)
    throw unusableSigners(place, `requires ${signers.threshold} signers, but lists ${different}`);
  return { match: '**', keys, identities, threshold: signers.threshold, place };
}

/** The error for an invalid list of signers. */
export function unusableSigners(place: string, problem: string): FactoryError {
  return new FactoryError('SIGNERS_INVALID', `${place} ${problem}`, {
    remedy: 'Correct it; docs/signing.md explains how to list signers and where to get a trusted root.',
  });
}

function parseKey(place: string, key: string, pem: string): TrustKey {
  try {
    return parsePublicKey(basename(key), pem);
  } catch (error) {
    throw unusableSigners(place, `names ${key}, which ${messageOf(error)}`);
  }
}

async function readIdentities(
  place: string,
  root: string,
  identities: SignersSpec['identities'],
): Promise<NonNullable<TrustRule['identities']>> {
  const text = await readSmall(place, root);
  try {
    const material = parseTrustedRoot(text);
    return identities.map((identity) => trustIdentity(material, identity));
  } catch (error) {
    throw unusableSigners(place, `names ${root}, which ${messageOf(error)}`);
  }
}

async function readSmall(place: string, path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > LIMIT) throw new Error(`is larger than ${LIMIT} bytes`);
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unusableSigners(place, `names ${path}: ${reasonOf(error)}`);
  }
}
