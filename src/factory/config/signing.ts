import { resolve } from 'node:path';
import { z } from 'zod';
import { entryProblem } from '../../common/trust/policy.ts';
import { RequiredEvents } from '../../common/trust/proof.ts';
import { matchProblem } from '../../common/trust/repository-match.ts';

/** Stands for signing with a short-lived certificate for the identity of the CI job, instead of a key. */
export const KEYLESS = 'keyless';
/** The storage of an image signature: a bundle that refers to the image, a tag `sha256-HEX.sig`, or both. */
export const SIGNATURE_FORMATS = ['bundle', 'classic', 'both'] as const;

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The key `sign`: the signer of a build. A text is short for its `key`. */
export const Sign = z.preprocess(
  (value) => (typeof value === 'string' ? { key: value } : value),
  z
    .strictObject({
      key: z.string().min(1).meta({
        description: 'Private key: a file, env://VARIABLE, the URI of a KMS key, or `keyless`.',
      }),
      'password-file': z.string().optional().meta({ description: 'File with the password of the key.' }),
      'password-env': z
        .string()
        .regex(VARIABLE, 'is not a valid variable name')
        .optional()
        .meta({ description: 'Variable with the password of the key; `COSIGN_PASSWORD` by default.' }),
      format: z
        .enum(SIGNATURE_FORMATS)
        .default('bundle')
        .meta({ description: 'Format of image signatures.' }),
      'signing-config': z.string().optional().meta({
        description: 'Signing services: a file of `cosign signing-config create`.',
      }),
      'trusted-root': z.string().optional().meta({
        description: 'Trusted root of these services: a file of `cosign trusted-root create`.',
      }),
    })
    .refine((sign) => sign['password-file'] === undefined || sign['password-env'] === undefined, {
      path: ['password-file'],
      error: 'cannot be combined with password-env',
    }),
);
export type SignSpec = z.output<typeof Sign>;

/** The identity in a certificate: its subject and its issuer. */
export const Identity = z.strictObject({
  identity: z.string().min(1).meta({
    description: 'The subject of the certificate; `*` matches anything but a slash, `**` anything.',
  }),
  issuer: z.string().min(1).meta({ description: 'The OpenID Connect issuer, such as that of the CI.' }),
});

const Threshold = z.int().min(1).default(1);

/** Required signers: keys, identities, and how many of them. */
export const Signers = z.strictObject({
  keys: z.array(z.string().min(1)).default([]).meta({ description: 'Files with public keys.' }),
  identities: z.array(Identity).default([]).meta({ description: 'Identities of certificates.' }),
  'trusted-root': z.string().optional().meta({
    description: 'File with the trusted authorities and logs; required for identities.',
  }),
  threshold: Threshold.meta({ description: 'Number of different signers required.' }),
});
export type SignersSpec = z.output<typeof Signers>;

/** Returns the problem of a list of well-formed signers; `undefined` if there is none. */
export function signersProblem({ keys, identities, ...signers }: SignersSpec): string | undefined {
  if (keys.length + identities.length === 0) return 'lists neither keys nor identities';
  if (identities.length > 0 && signers['trusted-root'] === undefined)
    return 'lists identities without a trusted-root for their certificates';
  return undefined;
}

const Upgrade = z
  .strictObject({
    match: z.string().superRefine((match, context) => {
      const problem = matchProblem(match);
      if (problem) context.addIssue({ code: 'custom', message: `"${match}" ${problem}` });
    }),
    keys: z.array(z.string().min(1)).default([]),
    threshold: z.int().min(1).optional(),
    unsigned: z
      .literal(true, 'can only be true; omit it to require signatures')
      .optional()
      .meta({ description: 'Accept images from these repositories without a signature.' }),
    'require-proof': RequiredEvents.optional().meta({
      description: 'Events of `prove` that a signed test result must name as passed.',
    }),
  })
  .superRefine((entry, context) => {
    const problem = entryProblem(entry);
    if (problem) context.addIssue({ code: 'custom', path: [problem.key], message: problem.text });
  });

/** The key `trust`: required signers of the base, and of upgrades on the node. */
export const Trust = z.strictObject({
  base: Signers.superRefine((signers, context) => {
    const problem = signersProblem(signers);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  })
    .optional()
    .meta({ description: 'Required signers of the base image.' }),
  upgrade: z
    .array(Upgrade)
    .min(1)
    .optional()
    .meta({ description: 'The trust policy that nodes of this image enforce; keys are files.' }),
});
export type TrustSpec = z.output<typeof Trust>;

/** Whether a key is a file, rather than a URI or `keyless`. */
export function isKeyFile(key: string): boolean {
  return key !== KEYLESS && !/^[a-z0-9]+:\/\//.test(key);
}

/** Resolves paths in the key `sign` against `directory`; leaves malformed values unchanged. */
export function anchorSign(value: unknown, directory: string): unknown {
  if (typeof value === 'string') return { key: anchorKey(value, directory) };
  const anchored = anchorPaths(value, ['password-file', 'signing-config', 'trusted-root'], directory);
  if (!isObject(anchored) || typeof anchored['key'] !== 'string') return anchored;
  return { ...anchored, key: anchorKey(anchored['key'], directory) };
}

/** Resolves paths in the key `trust` against `directory`; leaves malformed values unchanged. */
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

/** Resolves paths in a list of signers against `directory`; leaves malformed values unchanged. */
export function anchorSigners(value: unknown, directory: string): unknown {
  const anchored = anchorPaths(value, ['trusted-root'], directory);
  if (!isObject(anchored) || !Array.isArray(anchored['keys'])) return anchored;
  return { ...anchored, keys: anchorFiles(anchored['keys'], directory) };
}

/** Makes the paths in a list of files absolute; leaves malformed values unchanged. */
export function anchorFiles(value: unknown, directory: string): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((file: unknown) => (typeof file === 'string' ? resolve(directory, file) : file));
}

/** Makes the path of a signing key absolute; leaves URIs and `keyless` unchanged. */
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
