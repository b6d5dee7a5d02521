import { createHash } from 'node:crypto';
import { z } from 'zod';

/** A pointer to content (OCI image spec, descriptor); only what a verifier needs of it. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly artifactType?: string | undefined;
  /** Go writes `null` for none. */
  readonly annotations?: Readonly<Record<string, string>> | null | undefined;
}

/** A manifest as the registry gave it. */
export interface FetchedManifest {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly digest: string;
}

/**
 * One repository of a registry: the only door to the network that verification has. What comes through it is not
 * trusted, its digests are computed again.
 */
export interface RegistryReader {
  /** `undefined` when there is none of that tag or digest. */
  manifest(tagOrDigest: string): Promise<FetchedManifest | undefined>;
  /** @throws when it is missing or longer than `limit` bytes */
  blob(digest: string, limit: number): Promise<Uint8Array>;
  /** What the referrers API lists for a digest (OCI distribution spec, "Listing Referrers"); none without that API. */
  referrers(digest: string): Promise<readonly Descriptor[]>;
}

/** A signature payload or bundle is a few hundred bytes; a manifest may list many signatures. */
export const MAX_BYTES = 1024 * 1024;

const descriptor = z.object({
  mediaType: z.string(),
  digest: z.string(),
  artifactType: z.string().optional(),
  annotations: z.record(z.string(), z.string()).nullish(),
});

/** The parts of an image manifest or index that point to signatures. */
const manifest = z.object({
  layers: z.array(descriptor).default([]),
  manifests: z.array(descriptor).default([]),
});

/**
 * Reads the descriptors of a manifest; `undefined` when the registry has none.
 * @throws Error when it is no manifest, too large, or not what its digest says
 */
export async function readManifest(
  registry: RegistryReader,
  tagOrDigest: string,
): Promise<z.output<typeof manifest> | undefined> {
  const fetched = await registry.manifest(tagOrDigest);
  if (!fetched) return undefined;
  if (fetched.bytes.length > MAX_BYTES) throw new Error(`is longer than ${MAX_BYTES} bytes`);
  if (tagOrDigest.includes(':')) requireDigest(fetched.bytes, tagOrDigest);
  return parseJson(manifest, fetched.bytes);
}

/**
 * Reads a blob and makes sure that it is the one.
 * @throws Error when it is missing, too large, or not what its digest says
 */
export async function readBlob(
  registry: RegistryReader,
  digest: string,
  limit = MAX_BYTES,
): Promise<Uint8Array> {
  const bytes = await registry.blob(digest, limit);
  if (bytes.length > limit) throw new Error(`is longer than ${limit} bytes`);
  requireDigest(bytes, digest);
  return bytes;
}

/** @throws Error when bytes are not JSON of that shape */
export function parseJson<S extends z.ZodType>(schema: S, bytes: Uint8Array): z.output<S> {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  const result = schema.safeParse(JSON.parse(text));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Error(`${issue?.path.join('.') || 'document'}: ${issue?.message}`);
}

function requireDigest(bytes: Uint8Array, digest: string): void {
  const actual = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (actual !== digest) throw new Error(`its content was changed: it has the digest ${actual}`);
}
