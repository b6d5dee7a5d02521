import { type Descriptor, MEDIA } from './image-manifest.ts';

/** An index whose entries and fields are kept as somebody else wrote them. */
interface ForeignIndex {
  readonly manifests: readonly { readonly digest?: unknown }[];
  readonly [field: string]: unknown;
}

/** The tag that stands for the referrers of a manifest, where a registry does not list them by itself. */
export function referrersTag(digest: string): string {
  // distribution-spec 1.1, "Referrers Tag Schema": algorithm and encoded part, as much as a tag can hold.
  return digest.replace(':', '-').slice(0, 128);
}

/**
 * The index below that tag with more entries. What is there stays as it is, in its order, whoever put it there.
 * @param before the bytes of the index, which have been parsed as one
 * @returns `undefined` when all are there already
 */
export function withReferrers(
  before: Uint8Array | undefined,
  added: readonly Descriptor[],
): Uint8Array | undefined {
  const index: ForeignIndex =
    before === undefined
      ? { schemaVersion: 2, mediaType: MEDIA.index, manifests: [] }
      : (JSON.parse(Buffer.from(before).toString('utf8')) as ForeignIndex);
  const known = new Set(index.manifests.map(({ digest }) => digest));
  const fresh = added.filter(({ digest }) => !known.has(digest));
  if (fresh.length === 0) return undefined;
  return Buffer.from(JSON.stringify({ ...index, manifests: [...index.manifests, ...fresh] }));
}
