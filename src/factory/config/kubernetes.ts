import { resolve } from 'node:path';
import { z } from 'zod';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { DISTRIBUTION_FACTS, DISTRIBUTIONS } from '../catalog/kubernetes/distribution.ts';
import { isUrl, nameOf } from './file-source.ts';

const Sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/i, 'is not a sha256 in hex')
  .transform((text) => text.toLowerCase());

/** A file with images: a path, or a mapping of a path or URL with a checksum. */
const ImagesFile = z.preprocess(
  (value) => (typeof value === 'string' ? { source: value } : value),
  z
    .strictObject({ source: z.string().min(1), sha256: Sha256.optional() })
    .refine(({ source, sha256 }) => !isUrl(source) || sha256 !== undefined, {
      path: ['sha256'],
      error: 'is required for a URL',
    }),
);

/** The key `kubernetes`: `DISTRIBUTION@VERSION`, or a mapping with more settings. */
export const Kubernetes = z.preprocess(
  (value, context) => (typeof value === 'string' ? shortForm(value, context) : value),
  z
    .strictObject({
      distribution: z.enum(DISTRIBUTIONS),
      version: z.string(),
      binary: z.string().min(1).optional(),
      sha256: Sha256.optional(),
      airgap: z.boolean().default(false),
      images: z.array(ImagesFile).default([]),
      mirror: z
        .url({ protocol: /^https?$/ })
        .transform((text) => text.replace(/\/+$/, ''))
        .optional(),
    })
    .superRefine((value, context) => {
      const problem = (path: (string | number)[], message: string) =>
        context.addIssue({ code: 'custom', path, message, input: value });
      const { version, example, endings } = DISTRIBUTION_FACTS[value.distribution];
      if (!version.test(value.version))
        problem(
          ['version'],
          `"${value.version}" is not a version of ${value.distribution}, such as ${example}`,
        );
      if (value.binary !== undefined && isUrl(value.binary) && value.sha256 === undefined)
        problem(['sha256'], 'is required if binary is a URL');
      // A checksum list is only as trustworthy as its transport.
      const needsList = value.airgap || (value.binary === undefined && value.sha256 === undefined);
      if (needsList && value.mirror?.startsWith('http:'))
        problem(
          ['mirror'],
          'would serve the checksums without TLS: use https, or give the sha256 of every file',
        );
      value.images.forEach(({ source }, index) => {
        const name = nameOf(source);
        if (!/^[A-Za-z0-9]/.test(name)) problem(['images', index], `"${source}" has no usable file name`);
        if (value.airgap && name.startsWith(`${value.distribution}-airgap-`))
          problem(['images', index], 'airgap already includes these images');
        if (endings && !endings.some((ending) => name.endsWith(ending)))
          problem(
            ['images', index],
            `${value.distribution} only loads files that end in ${endings.join(', ')}`,
          );
      });
      const names = value.images.map(({ source }) => nameOf(source));
      const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
      if (twice >= 0) problem(['images', twice], `two files have the name ${names[twice]}`);
    }),
);

/** The validated Kubernetes settings of an image, with absolute paths. */
export type KubernetesSpec = z.output<typeof Kubernetes>;

/** Resolves relative paths in the value of the key against `directory`; leaves malformed values unchanged. */
export function anchorKubernetes(value: unknown, directory: string): unknown {
  if (!isObject(value)) return value;
  const path = (text: unknown) =>
    typeof text === 'string' && text && !isUrl(text) ? resolve(directory, text) : text;
  const { binary, images } = value;
  return {
    ...value,
    ...('binary' in value ? { binary: path(binary) } : {}),
    ...(Array.isArray(images)
      ? {
          images: images.map((item) =>
            isObject(item) ? { ...item, source: path(item['source']) } : path(item),
          ),
        }
      : {}),
  };
}

/**
 * Returns the variant of an image (docs/contract.md 6.8): `standard` with Kubernetes, `core` without.
 * @throws FactoryError `usage` when the requested variant is the other one
 */
export function variantOf(requested: string | undefined, kubernetes: KubernetesSpec | undefined): string {
  const variant = kubernetes === undefined ? 'core' : 'standard';
  if (requested === undefined || requested === variant) return variant;
  throw new FactoryError(
    'OPTION_CONFLICT',
    kubernetes === undefined
      ? 'variant standard needs a Kubernetes distribution, but none is given'
      : `variant core has no Kubernetes, but ${kubernetes.distribution} is requested`,
    {
      remedy:
        'Remove the variant; --kubernetes k3s@VERSION selects standard, and no --kubernetes selects core.',
    },
  );
}

/** `k3s@v1.34.1+k3s1`; the `v` of the version is optional. */
function shortForm(text: string, context: z.RefinementCtx): Record<string, string> {
  const [, distribution = '', separator = '', version = ''] = /^([^@:= ]*)([@:= ]?)(.*)$/.exec(text) ?? [];
  const known = DISTRIBUTIONS.find((name) => name === distribution);
  if (known !== undefined && (separator !== '@' || version === '')) {
    const { example } = DISTRIBUTION_FACTS[known];
    const given = /^v?\d/.test(version) ? withV(version) : example;
    context.addIssue(`has no version after an @: write, for example, ${known}@${given}`);
    return { distribution, version: example };
  }
  return { distribution, version: withV(version) };
}

function withV(version: string): string {
  return /^\d/.test(version) ? `v${version}` : version;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
