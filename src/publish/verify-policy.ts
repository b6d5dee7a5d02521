import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { FactoryError, messageOf } from '../errors/factory-error.ts';
import { anchorSigners, isKeyFile, Signers, type SignersSpec, signersProblem } from '../spec/signing.ts';
import { validate } from '../spec/validate.ts';
import { readYaml } from '../spec/yaml-source.ts';
import { publicKeyOf } from '../tools/cosign.ts';
import type { Runner } from '../tools/runner.ts';
import { loadPolicy, type TrustFiles, type TrustPolicy, type TrustRule } from '../trust/policy.ts';
import { parsePublicKey, type TrustKey } from '../trust/public-key.ts';
import { parseTrustedRoot, trustIdentity } from '../trust/trusted-root.ts';
import { predicateType } from './attest-image.ts';

/** What is asked of what others made. */
export interface VerifyPolicy {
  /** Who speaks for images. */
  readonly images: TrustPolicy;
  /** Who speaks for files and attestations; a node's policy says nothing of them. */
  readonly signers: TrustRule | undefined;
  /** URIs of the types of attestations that an image must have. */
  readonly attestations: readonly string[];
}

/** A policy in a file: signers, and what images must have besides a signature. */
const PolicyFile = Signers.extend({
  attestations: z.array(z.string().min(1)).default([]),
});

/** No key and no trusted root is larger, in bytes. */
const LIMIT = 4 * 1024 * 1024;

/**
 * Reads the keys and identities that may sign.
 * @param place where they are named, for messages
 * @param runner for keys that lie in a KMS, which cosign asks
 * @throws FactoryError `usage` for a key or a trusted root that cannot be used, and a threshold that cannot be reached
 */
export async function loadSigners(place: string, signers: SignersSpec, runner?: Runner): Promise<TrustRule> {
  const problem = signersProblem(signers);
  if (problem !== undefined) throw unusable(place, problem);
  const keys: TrustKey[] = [];
  for (const key of signers.keys) keys.push(await readKey(place, key, runner));
  const root = signers['trusted-root'];
  const identities = root === undefined ? [] : await readIdentities(place, root, signers.identities);
  const different = new Set([...keys, ...identities].map(({ fingerprint }) => fingerprint)).size;
  if (signers.threshold > different)
    throw unusable(place, `asks for ${signers.threshold} signers, and names ${different}`);
  return { match: '**', keys, identities, threshold: signers.threshold, place };
}

/**
 * Reads a policy: a YAML file of ours, or the trust directory of a node.
 * @throws FactoryError `usage` when it is neither, or leaves in doubt what it asks for
 */
export async function loadVerifyPolicy(path: string, runner: Runner): Promise<VerifyPolicy> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isDirectory()) {
    const images = await loadPolicy(FILES, { directory: path, owner: process.getuid?.() ?? 0 });
    if (images === undefined) throw unusable(path, 'is empty');
    return { images, signers: undefined, attestations: [] };
  }
  const source = await readYaml(path);
  const data = anchorSigners(source.data, dirname(path));
  const { attestations, ...signers } = validate(PolicyFile, data, 'signing policy', source.locate);
  return policyOf(await loadSigners(path, signers, runner), attestations);
}

/** A policy by which the same signers speak for everything. @throws FactoryError `usage` for an unknown type */
export function policyOf(signers: TrustRule, attestations: readonly string[]): VerifyPolicy {
  return { images: { rules: [signers] }, signers, attestations: attestations.map(predicateType) };
}

const FILES: TrustFiles = {
  list: readdir,
  readText: (path) => readFile(path, 'utf8'),
  stat: async (path) => {
    const stats = await lstat(path).catch(() => undefined);
    if (stats === undefined) return undefined;
    const kind = stats.isDirectory() ? 'directory' : stats.isFile() ? 'file' : 'link';
    return { kind, mode: stats.mode, uid: stats.uid, size: stats.size };
  },
};

async function readKey(place: string, key: string, runner: Runner | undefined): Promise<TrustKey> {
  // Keys of a configuration were made absolute paths; only a command hands on the URI of a KMS.
  const isFile = runner === undefined || isKeyFile(key);
  const pem = isFile ? await readSmall(place, key) : await publicKeyOf(runner, UNSIGNED, key);
  try {
    return parsePublicKey(basename(key), pem);
  } catch (error) {
    throw unusable(place, `names ${key}, which ${messageOf(error)}`);
  }
}

/** Asking for a public key takes no secret of a signer. */
const UNSIGNED = {
  ...{ key: undefined, signingConfig: undefined, trustedRoot: undefined },
  ...{ offline: true, secrets: {} },
};

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
    throw unusable(place, `names ${root}, which ${messageOf(error)}`);
  }
}

async function readSmall(place: string, path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > LIMIT) throw new Error(`is larger than ${LIMIT} bytes`);
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unusable(place, `names ${path}: ${messageOf(error)}`);
  }
}

function unusable(place: string, problem: string): FactoryError {
  return new FactoryError('usage', `${place} ${problem}`, {
    remedy: 'Correct it; docs/signing.md shows how signers are named, and where a trusted root comes from.',
  });
}
