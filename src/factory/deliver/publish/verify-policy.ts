import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { validate } from '../../../common/text/validate.ts';
import { readYaml } from '../../../common/text/yaml-source.ts';
import {
  loadPolicy,
  type TrustFiles,
  type TrustPolicy,
  type TrustRule,
} from '../../../common/trust/policy.ts';
import { type LifeEvent, RequiredEvents } from '../../../common/trust/proof.ts';
import { loadSigners, unusableSigners } from '../../config/load-signers.ts';
import { anchorSigners, Signers } from '../../config/signing.ts';
import { publicKeyOf } from '../../tools/cosign.ts';
import type { Runner } from '../../tools/runner.ts';
import { predicateType } from './attest-image.ts';

/** The signers, attestations and proofs that a verification requires. */
export interface VerifyPolicy {
  /** Trusted signers of images. */
  readonly images: TrustPolicy;
  /** Trusted signers of files and attestations; `undefined` for a node's policy, which covers images only. */
  readonly signers: TrustRule | undefined;
  /** URIs of the predicate types that an image must be attested with. */
  readonly attestations: readonly string[];
  /** Events that a signed test result must name as passed. */
  readonly requireProof: readonly LifeEvent[];
}

/** A policy file: signers, and the attestations that an image must have. */
const PolicyFile = Signers.extend({
  attestations: z.array(z.string().min(1)).default([]),
  'require-proof': RequiredEvents.optional(),
});

/**
 * Reads a verification policy: a YAML file, or the trust directory of a node.
 * @throws FactoryError `usage` when it is neither, or is invalid
 */
export async function loadVerifyPolicy(path: string, runner: Runner): Promise<VerifyPolicy> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isDirectory()) {
    const images = await loadPolicy(FILES, { directory: path, owner: process.getuid?.() ?? 0 });
    if (images === undefined) throw unusableSigners(path, 'is empty');
    return { images, signers: undefined, attestations: [], requireProof: [] };
  }
  const source = await readYaml(path);
  const data = anchorSigners(source.data, dirname(path));
  const {
    attestations,
    'require-proof': requireProof = [],
    ...signers
  } = validate(PolicyFile, data, {
    kind: 'signing policy',
    locate: source.locate,
  });
  return policyOf(await loadSigners(path, signers, askCosign(runner)), { attestations, requireProof });
}

/** A policy with the same signers for images, files and attestations. @throws FactoryError `usage` for an unknown type */
export function policyOf(
  signers: TrustRule,
  { attestations, requireProof }: Pick<VerifyPolicy, 'attestations' | 'requireProof'>,
): VerifyPolicy {
  const rule = requireProof.length === 0 ? signers : { ...signers, requireProof };
  return { images: { rules: [rule] }, signers, requireProof, attestations: attestations.map(predicateType) };
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

/** Returns a function that reads a public key from a KMS through cosign. */
export function askCosign(runner: Runner): (key: string) => Promise<string> {
  return (key) => publicKeyOf(runner, WITHOUT_SECRETS, key);
}

/** Reading a public key needs no secrets. */
const WITHOUT_SECRETS = {
  key: undefined,
  signingConfig: undefined,
  trustedRoot: undefined,
  offline: true,
  secrets: {},
};
