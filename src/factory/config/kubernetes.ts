import { resolve } from 'node:path';
import { z } from 'zod';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { DISTRIBUTION_FACTS, DISTRIBUTIONS } from '../catalog/kubernetes/distribution.ts';
import { isUrl, nameOf } from './file-source.ts';

const Sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/i, 'is no sha256 in hex')
  .transform((text) => text.toLowerCase());

/** Images in a file: a path or an address, or a mapping with a checksum. */
const ImagesFile = z.preprocess(
  (value) => (typeof value === 'string' ? { source: value } : value),
  z
    .strictObject({ source: z.string().min(1), sha256: Sha256.optional() })
    .refine(({ source, sha256 }) => !isUrl(source) || sha256 !== undefined, {
      path: ['sha256'],
      error: 'is needed for an address',
    }),
);

/** The key `kubernetes`: `DISTRIBUTION@VERSION`, or a mapping with more to say. */
export const Kubernetes = z.preprocess(
  (value) => (typeof value === 'string' ? shortForm(value) : value),
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
        problem(['version'], `"${value.version}" is no version of ${value.distribution}, such as ${example}`);
      if (value.binary !== undefined && isUrl(value.binary) && value.sha256 === undefined)
        problem(['sha256'], 'is needed when binary is an address');
      // A list of checksums is worth what the way is worth on which it came.
      const needsList = value.airgap || (value.binary === undefined && value.sha256 === undefined);
      if (needsList && value.mirror?.startsWith('http:'))
        problem(['mirror'], 'gives its checksums without TLS: use https, or name every file with its sha256');
      value.images.forEach(({ source }, index) => {
        const name = nameOf(source);
        if (!/^[A-Za-z0-9]/.test(name)) problem(['images', index], `"${source}" has no usable file name`);
        if (value.airgap && name.startsWith(`${value.distribution}-airgap-`))
          problem(['images', index], 'airgap brings these images already');
        if (endings && !endings.some((ending) => name.endsWith(ending)))
          problem(
            ['images', index],
            `${value.distribution} takes only files that end in ${endings.join(', ')}`,
          );
      });
      const names = value.images.map(({ source }) => nameOf(source));
      const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
      if (twice >= 0) problem(['images', twice], `there are two files called ${names[twice]}`);
    }),
);

/** Kubernetes as an image is to have it, validated: paths absolute. */
export type KubernetesSpec = z.output<typeof Kubernetes>;

/** Makes the relative paths of the key's value relative to `directory`; anything that is malformed stays as it is. */
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
 * The variant of an image (docs/contract.md 6.8): `standard` has Kubernetes, `core` has none.
 * @throws FactoryError `usage` when what was asked for contradicts that
 */
export function variantOf(asked: string | undefined, kubernetes: KubernetesSpec | undefined): string {
  const variant = kubernetes === undefined ? 'core' : 'standard';
  if (asked === undefined || asked === variant) return variant;
  throw new FactoryError(
    'OPTION_CONFLICT',
    kubernetes === undefined
      ? 'variant standard has a Kubernetes distribution, and none is named'
      : `variant core has no Kubernetes, and ${kubernetes.distribution} is asked for`,
    { remedy: 'Leave the variant out, or say --kubernetes k3s@VERSION for standard and nothing for core.' },
  );
}

/** `k3s@v1.34.1+k3s1`; the version may lack its `v`. */
function shortForm(text: string): Record<string, string> {
  const at = text.indexOf('@');
  if (at < 0) return { distribution: text };
  const version = text.slice(at + 1);
  return { distribution: text.slice(0, at), version: /^\d/.test(version) ? `v${version}` : version };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
