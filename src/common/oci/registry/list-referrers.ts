import type { ErrorCode } from '../../errors/error-codes.ts';
import { FactoryError } from '../../errors/factory-error.ts';
import { digestOf } from '../../files/digest.ts';
import { type Descriptor, MEDIA, manifestIn, type Parsed, parseManifest } from './image-manifest.ts';
import { readPages } from './read-pages.ts';
import { isReferrersList, referrersTag } from './referrers.ts';
import type { RegistryHost } from './registry-host.ts';
import type { Transport } from './transport.ts';

/** The manifest whose referrers are listed. */
export interface Referred {
  /** `/v2/REPOSITORY` */
  readonly root: string;
  readonly digest: string;
  /** Lists only referrers of this type. */
  readonly artifactType?: string | undefined;
}

/** distribution-spec: registries should limit manifests to this many bytes. */
const LIMIT = 4 * 1024 * 1024;

/**
 * Lists the manifests that refer to one, by the referrers API and by the tag for registries without it, which may also have
 * content from before they had the API (distribution-spec 1.1, "Listing Referrers", "Referrers Tag Schema").
 * @throws FactoryError `step` when the registry cannot be reached, fails or refuses access: no referrer is known not to exist
 */
export async function listReferrers(
  host: RegistryHost,
  transport: Transport,
  referred: Referred,
): Promise<Descriptor[]> {
  const { root, digest, artifactType } = referred;
  const listed = (await apiReferrers(host, transport, referred)) ?? [];
  const tagged = await transport.bytes(`${root}/manifests/${referrersTag(digest)}`, LIMIT, {
    accept: MEDIA.index,
  });
  const isList = tagged !== undefined && isReferrersList(digest, digestOf(tagged.bytes, digest));
  const found = [...listed, ...(isList ? entriesOf(parseManifest(nameOf(digest), tagged.bytes)) : [])];
  const unique = [...new Map(found.map((entry) => [entry.digest, entry])).values()];
  return unique.filter((entry) => artifactType === undefined || entry.artifactType === artifactType);
}

/** How registries without the referrers API answer, in various ways: 400, 401, 404, 405, 406, 501, a web page. */
const LACKS_API: readonly ErrorCode[] = ['REGISTRY_REFUSED', 'REGISTRY_UNAUTHORIZED', 'IMAGE_CORRUPT'];

/**
 * Lists the manifests that the registry says refer to one.
 * @returns `undefined` when it lacks the referrers API
 * @throws FactoryError `step` when the registry cannot be reached or fails: a signature may exist all the same
 */
export async function apiReferrers(
  host: RegistryHost,
  transport: Transport,
  { root, digest, artifactType }: Referred,
): Promise<Descriptor[] | undefined> {
  const query = artifactType === undefined ? '' : `?artifactType=${encodeURIComponent(artifactType)}`;
  try {
    const pages = await readPages(transport, `${root}/referrers/${digest}${query}`, {
      limit: LIMIT,
      accept: MEDIA.index,
    });
    const lists = pages.filter((page) => (page as { manifests?: unknown }).manifests);
    if (lists.length === 0) return undefined;
    return lists.flatMap((page) => entriesOf(manifestIn(nameOf(digest), page)));
  } catch (error) {
    if (!(error instanceof FactoryError && LACKS_API.includes(error.code))) throw error;
    host.log('debug', `no referrers of ${digest}: ${error.message}`);
    return undefined;
  }
}

const nameOf = (digest: string) => `referrers of ${digest}`;

function entriesOf(parsed: Parsed): readonly Descriptor[] {
  return parsed.kind === 'index' ? parsed.index.manifests : [];
}
