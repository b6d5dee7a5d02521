import { type Descriptor, MEDIA } from './image-manifest.ts';

/** An index whose entries and fields are kept as somebody else wrote them. */
interface ForeignIndex {
  readonly manifests: readonly { readonly digest?: unknown }[];
  readonly [field: string]: unknown;
}

/** Returns the tag that lists the referrers of a manifest in a registry without the referrers API. */
export function referrersTag(digest: string): string {
  // distribution-spec 1.1, "Referrers Tag Schema": algorithm and hash, cut to the maximum length of a tag.
  return digest.replace(':', '-').slice(0, 128);
}

/**
 * Whether the content of that tag can be a list of referrers. Some registries take the tag for the digest that it is made
 * of, and answer with the manifest itself (oras-project/oras-go#1396): they have no such tag. The children of an index
 * would be taken for its referrers.
 * @param found the digest of the content
 */
export function isReferrersList(digest: string, found: string): boolean {
  return found !== digest;
}

/**
 * Adds entries to the index under that tag. Existing entries are kept in their order, whoever added them.
 * @param before the bytes of a valid index; `undefined` when there is none yet
 * @returns `undefined` when it already has all entries
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
