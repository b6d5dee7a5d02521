import { z } from 'zod';
import { MEDIA } from '../../common/oci/registry/image-manifest.ts';
import { parseJson } from '../../common/text/parse-json.ts';

/** Media types of a shared result: the record, its signature, and the files. */
export const RESULT_MEDIA = {
  artifact: 'application/vnd.kairos-factory.step-result.v1',
  record: 'application/vnd.kairos-factory.step-result.v1+json',
  bundle: 'application/vnd.dev.sigstore.bundle.v0.3+json',
  blob: 'application/octet-stream',
} as const;

/** Limits for what a registry sends before anything of it is verified, in bytes. */
export const LIMIT = { record: 4 * 1024 * 1024, bundle: 1024 * 1024 } as const;

const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const Blob = z.object({ digest: Digest, size: z.int().min(0) });
/** Content of a result in the registry, by its digest. */
export type SharedBlob = Readonly<z.output<typeof Blob>>;

/** A path below the directory of a result. */
const Inside = z
  .string()
  .refine((path) => path !== '' && !path.startsWith('/') && !path.split('/').includes('..'));

const Record = z.object({
  version: z.literal(1),
  step: z.string(),
  key: z.string().regex(/^[0-9a-f]{64}$/),
  digest: z.string(),
  facts: z.unknown(),
  /** Files of the result by name, each relative to its directory. */
  files: z.record(z.string(), Inside),
  /** The directory with the files, as a tar compressed with zstd; absent for a result without files. */
  content: z.exactOptional(Blob),
  /** The image of the result, as the parts of an OCI layout. */
  image: z.exactOptional(
    z.object({ arch: z.string(), index: z.string(), blobs: z.array(Blob).min(1).max(8) }),
  ),
});
/**
 * What is signed of a shared result: whose it is, its values, and the digest of everything that belongs to it. So a record
 * under the tag of another step, or beside other files, is not accepted.
 */
export type ResultRecord = Readonly<z.output<typeof Record>>;

/** The tag of a result. Ids of steps may have colons, which tags cannot have. */
export function resultTag(step: string, key: string): string {
  return `${step.replaceAll(/[^A-Za-z0-9_.-]/g, '-')}-${key}`;
}

/** Parses the signed bytes of a record for a step. @throws Error that says what is wrong, as the end of a sentence */
export function parseRecord(
  bytes: Uint8Array,
  { step, key }: Pick<ResultRecord, 'step' | 'key'>,
): ResultRecord {
  const { data } = Record.safeParse(parseJson(Buffer.from(bytes).toString('utf8')));
  if (data === undefined) throw new Error('is not a result of this version');
  if (data.step !== step || data.key !== key) throw new Error('is the result of another step');
  return data;
}

/** All content of a record, in the order in which a manifest lists it. */
export function contentOf({ content, image }: Pick<ResultRecord, 'content' | 'image'>): SharedBlob[] {
  return [...(content === undefined ? [] : [content]), ...(image?.blobs ?? [])];
}

/** The manifest of a shared result (image-spec 1.1, "Guidelines for Artifact Usage"), which keeps its content in the registry. */
export function resultManifest(
  record: SharedBlob,
  { bundle, content }: { readonly bundle: SharedBlob; readonly content: readonly SharedBlob[] },
): Uint8Array {
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    artifactType: RESULT_MEDIA.artifact,
    config: { mediaType: RESULT_MEDIA.record, ...record },
    layers: [
      { mediaType: RESULT_MEDIA.bundle, ...bundle },
      ...content.map((blob) => ({ mediaType: RESULT_MEDIA.blob, ...blob })),
    ],
  };
  return Buffer.from(JSON.stringify(manifest));
}

const Manifest = z.object({
  config: Blob.extend({ mediaType: z.literal(RESULT_MEDIA.record) }),
  layers: z.array(Blob.extend({ mediaType: z.string() })).min(1),
});

/** The record and its signature in a manifest. @throws Error as `parseRecord` */
export function partsOf(manifest: Uint8Array): { readonly record: SharedBlob; readonly bundle: SharedBlob } {
  const { data } = Manifest.safeParse(parseJson(Buffer.from(manifest).toString('utf8')));
  const bundle = data?.layers.find(({ mediaType }) => mediaType === RESULT_MEDIA.bundle);
  if (data === undefined || bundle === undefined) throw new Error('is not a shared result');
  return { record: data.config, bundle };
}
