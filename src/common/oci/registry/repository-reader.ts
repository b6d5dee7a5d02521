import { createHash } from 'node:crypto';
import { z } from 'zod';

/** The part of a descriptor that a verifier needs (OCI image spec, "Content Descriptors"). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly artifactType?: string | undefined;
  /** Go writes `null` when there are none. */
  readonly annotations?: Readonly<Record<string, string>> | null | undefined;
}

/** A manifest as the registry returned it. */
export interface FetchedManifest {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly digest: string;
}

/**
 * Reads one repository of a registry: the only access to the network during a verification. Its content is not trusted,
 * and all digests are recomputed.
 */
export interface RegistryReader {
  /** `undefined` when there is no manifest with the tag or digest. */
  manifest(tagOrDigest: string): Promise<FetchedManifest | undefined>;
  /** @throws when it is missing or longer than `limit` bytes */
  blob(digest: string, limit: number): Promise<Uint8Array>;
  /**
   * The manifests that refer to a digest, by the referrers API and by the tag for registries without it (OCI distribution
   * spec, "Listing Referrers", "Referrers Tag Schema").
   */
  referrers(digest: string): Promise<readonly Descriptor[]>;
}

/** Maximum size of a manifest, payload or bundle: they are small, but a manifest may list many signatures. */
export const MAX_BYTES = 1024 * 1024;

const descriptor = z.object({
  mediaType: z.string(),
  digest: z.string(),
  artifactType: z.string().optional(),
  annotations: z.record(z.string(), z.string()).nullish(),
});

/** The parts of a manifest that point to signatures. */
const manifest = z.object({
  layers: z.array(descriptor).default([]),
  annotations: z.record(z.string(), z.string()).nullish(),
});

/**
 * Reads the descriptors of a manifest; `undefined` when the registry has none.
 * @throws Error when it is not a manifest, is too large, or does not match its digest
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
 * Reads a blob and verifies its digest.
 * @throws Error when it is missing, too large, or does not match its digest
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

/** Parses JSON. @throws Error when the bytes are not JSON that matches the schema */
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
