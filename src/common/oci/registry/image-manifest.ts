import { z } from 'zod';
import { FactoryError, messageOf } from '../../errors/factory-error.ts';
import { isDigest } from './image-reference.ts';

/** Media types of manifests and indexes, of OCI (image-spec 1.1) and of Docker (manifest version 2, schema 2). */
export const MEDIA = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
} as const;

const digest = z.string().refine(isDigest, 'is not a sha256 or sha512 digest');
const texts = z.record(z.string(), z.string()).nullish();

const platformSchema = z.object({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
});
const descriptorSchema = z.object({
  mediaType: z.string(),
  digest,
  size: z.number().int().nonnegative(),
  platform: platformSchema.optional(),
  annotations: texts,
  artifactType: z.string().optional(),
});
const manifestSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  config: descriptorSchema,
  layers: z.array(descriptorSchema).max(1024),
  subject: descriptorSchema.nullish(),
  annotations: texts,
});
const indexSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  manifests: z.array(descriptorSchema).max(4096),
  annotations: texts,
});
const configSchema = z.looseObject({
  architecture: z.string().optional(),
  os: z.string().optional(),
  variant: z.string().optional(),
  config: z.looseObject({ Labels: texts }).nullish(),
  rootfs: z.looseObject({ diff_ids: z.array(digest).nullish() }).nullish(),
});

/** The platform of an image or a machine (image-spec, "Image Index"). */
export type Platform = z.infer<typeof platformSchema>;
/** Points to a blob or a manifest (image-spec, "Content Descriptors"). */
export type Descriptor = z.infer<typeof descriptorSchema>;
/** image-spec, "Image Manifest". */
export type Manifest = z.infer<typeof manifestSchema>;
/** image-spec, "Image Index". */
export type Index = z.infer<typeof indexSchema>;
/** The part of an image configuration that is used here (image-spec, "Image Configuration"). */
export type ImageConfig = z.infer<typeof configSchema>;

/** A manifest or an index. */
export type Parsed =
  | { readonly kind: 'manifest'; readonly mediaType: string; readonly manifest: Manifest }
  | { readonly kind: 'index'; readonly mediaType: string; readonly index: Index };

/**
 * Parses a manifest or an index, as its fields determine; one that could be read as both is refused
 * (GHSA-77vh-xpmg-72qh).
 * @param mediaType from the response, for manifests that do not state it
 * @throws FactoryError `verification` when it is neither
 */
export function parseManifest(name: string, bytes: Uint8Array, mediaType?: string): Parsed {
  return manifestIn(name, parseJson(name, bytes), mediaType);
}

/** Does the same as {@link parseManifest} for a manifest that was read as JSON already. */
export function manifestIn(name: string, value: unknown, mediaType?: string): Parsed {
  const fields = Object.keys(typeof value === 'object' && value !== null ? value : {});
  const isIndex = fields.includes('manifests');
  const isManifest = fields.includes('layers');
  if (fields.includes('fsLayers')) throw unusable(name, 'its manifest has the obsolete schema 1');
  if (isIndex && (isManifest || fields.includes('config'))) {
    throw unusable(name, 'it can be read as a manifest and as an index');
  }
  if (isIndex) {
    const index = check(name, indexSchema, value);
    return { kind: 'index', mediaType: index.mediaType ?? mediaType ?? MEDIA.index, index };
  }
  const manifest = check(name, manifestSchema, value);
  return { kind: 'manifest', mediaType: manifest.mediaType ?? mediaType ?? MEDIA.manifest, manifest };
}

/** Parses an image configuration. @throws FactoryError `verification` when the bytes are not one */
export function parseConfig(name: string, bytes: Uint8Array): ImageConfig {
  return check(name, configSchema, parseJson(name, bytes));
}

/** Returns the labels of an image: those of its configuration, and the annotations of its manifest. */
export function labelsOf(config: ImageConfig, manifest?: Manifest): Readonly<Record<string, string>> {
  return { ...manifest?.annotations, ...config.config?.Labels };
}

function parseJson(name: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw unusable(name, `it is not JSON: ${messageOf(error)}`);
  }
}

function check<T>(name: string, schema: z.ZodType<T>, value: unknown): T {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  throw unusable(name, z.prettifyError(error).split('\n').slice(0, 4).join(' '));
}

function unusable(name: string, reason: string): FactoryError {
  return new FactoryError('IMAGE_CORRUPT', `${name} is not a usable image: ${reason}`, {
    remedy: 'Check that this is the name of an OS image, and if so, push it again.',
  });
}
