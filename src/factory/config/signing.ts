import { resolve } from 'node:path';
import { z } from 'zod';
import { matchProblem } from '../../common/trust/repository-match.ts';

/** The word for signing with a short-lived certificate, for the identity of the CI job, in place of a key. */
export const KEYLESS = 'keyless';
/** Where the signature of an image lies: a bundle that refers to it, or a tag `sha256-HEX.sig`, or both. */
export const SIGNATURE_FORMATS = ['bundle', 'classic', 'both'] as const;

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The key `sign`: who signs what a build makes. A text is short for its `key`. */
export const Sign = z.preprocess(
  (value) => (typeof value === 'string' ? { key: value } : value),
  z
    .strictObject({
      key: z.string().min(1).meta({
        description: 'Private key: a file, env://VARIABLE, the URI of a KMS, or `keyless`.',
      }),
      'password-file': z.string().optional().meta({ description: 'File with the password of the key.' }),
      'password-env': z
        .string()
        .regex(VARIABLE, 'is no name of a variable')
        .optional()
        .meta({ description: 'Variable with the password of the key; `COSIGN_PASSWORD` by default.' }),
      format: z
        .enum(SIGNATURE_FORMATS)
        .default('bundle')
        .meta({ description: 'Of the signatures of images.' }),
      'signing-config': z.string().optional().meta({
        description: 'Which services sign, too: a file of `cosign signing-config create`.',
      }),
      'trusted-root': z.string().optional().meta({
        description: 'What these services are known by: a file of `cosign trusted-root create`.',
      }),
    })
    .refine((sign) => sign['password-file'] === undefined || sign['password-env'] === undefined, {
      path: ['password-file'],
      error: 'does not go with password-env: a key has one password',
    }),
);
export type SignSpec = z.output<typeof Sign>;

/** Someone that a certificate authority vouches for: whom, and who knew them. */
export const Identity = z.strictObject({
  identity: z.string().min(1).meta({
    description: 'The subject of the certificate; `*` stands for anything but a slash, `**` for anything.',
  }),
  issuer: z.string().min(1).meta({ description: 'The OpenID Connect issuer, such as that of the CI.' }),
});

const Threshold = z.int().min(1).default(1);

/** Who has to have signed: keys, identities, how many of them. */
export const Signers = z.strictObject({
  keys: z.array(z.string().min(1)).default([]).meta({ description: 'Files with public keys.' }),
  identities: z.array(Identity).default([]).meta({ description: 'Identities of certificates.' }),
  'trusted-root': z.string().optional().meta({
    description: 'File that says which authorities and logs count; needed for identities.',
  }),
  threshold: Threshold.meta({ description: 'How many different ones must have signed.' }),
});
export type SignersSpec = z.output<typeof Signers>;

/** What is wrong with signers that are well-formed each; `undefined` when nothing is. */
export function signersProblem({ keys, identities, ...signers }: SignersSpec): string | undefined {
  if (keys.length + identities.length === 0) return 'names neither keys nor identities';
  if (identities.length > 0 && signers['trusted-root'] === undefined)
    return 'names identities without the trusted-root that their certificates come from';
  return undefined;
}

const Upgrade = z.strictObject({
  match: z.string().superRefine((match, context) => {
    const problem = matchProblem(match);
    if (problem) context.addIssue({ code: 'custom', message: `"${match}" ${problem}` });
  }),
  keys: z.array(z.string().min(1)).min(1, 'needs at least one key'),
  threshold: Threshold,
});

/** The key `trust`: whose signature the base must have, and whose an upgrade of the node. */
export const Trust = z.strictObject({
  base: Signers.superRefine((signers, context) => {
    const problem = signersProblem(signers);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  })
    .optional()
    .meta({ description: 'Who must have signed the base image.' }),
  upgrade: z
    .array(Upgrade)
    .min(1)
    .optional()
    .meta({ description: 'The trust policy that nodes of this image enforce; keys are files.' }),
});
export type TrustSpec = z.output<typeof Trust>;

/** Whether a key is a file, and not named by a scheme. */
export function isKeyFile(key: string): boolean {
  return key !== KEYLESS && !/^[a-z0-9]+:\/\//.test(key);
}

/** Makes the paths of the key `sign` relative to `directory`; anything malformed stays as it is. */
export function anchorSign(value: unknown, directory: string): unknown {
  if (typeof value === 'string') return { key: anchorKey(value, directory) };
  const anchored = anchorPaths(value, ['password-file', 'signing-config', 'trusted-root'], directory);
  if (!isObject(anchored) || typeof anchored['key'] !== 'string') return anchored;
  return { ...anchored, key: anchorKey(anchored['key'], directory) };
}

/** The same for the key `trust`. */
export function anchorTrust(value: unknown, directory: string): unknown {
  if (!isObject(value)) return value;
  const { base, upgrade } = value;
  return {
    ...value,
    ...(base === undefined ? {} : { base: anchorSigners(base, directory) }),
    ...(Array.isArray(upgrade)
      ? { upgrade: upgrade.map((entry: unknown) => anchorSigners(entry, directory)) }
      : {}),
  };
}

/** The same for a list of signers. */
export function anchorSigners(value: unknown, directory: string): unknown {
  const anchored = anchorPaths(value, ['trusted-root'], directory);
  if (!isObject(anchored) || !Array.isArray(anchored['keys'])) return anchored;
  const keys = anchored['keys'].map((key: unknown) =>
    typeof key === 'string' ? resolve(directory, key) : key,
  );
  return { ...anchored, keys };
}

/** Makes the path of a signing key absolute; other keys and `keyless` stay as they are. */
export function anchorKey(key: string, directory: string): string {
  return isKeyFile(key) ? resolve(directory, key) : key;
}

function anchorPaths(value: unknown, names: readonly string[], directory: string): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, text]) =>
      names.includes(name) && typeof text === 'string' ? [name, resolve(directory, text)] : [name, text],
    ),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
