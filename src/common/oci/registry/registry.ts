import { FactoryError, messageOf } from '../../errors/factory-error.ts';
import { digestOf, expectDigest } from '../../files/digest.ts';
import { startIdleTimeout, untilIdle } from '../../http/idle-timeout.ts';
import { explainNetwork } from '../../http/network-error.ts';
import { TransientHttpError } from '../../http/transient-error.ts';
import {
  type Descriptor,
  type ImageConfig,
  type Manifest,
  MEDIA,
  type Platform,
  parseConfig,
  parseManifest,
} from './image-manifest.ts';
import { formatImageReference, type ImageReference, isDigest } from './image-reference.ts';
import { choosePlatform, noSuchPlatform } from './platform.ts';
import type { RegistryHost } from './registry-host.ts';
import {
  CERTIFICATE_REMEDY,
  createTransport,
  type FullResponse,
  TIMEOUT,
  type Transport,
  type TransportOptions,
} from './transport.ts';

/** A manifest or an index as stored in the registry, with a verified digest. */
export interface ManifestBytes {
  readonly bytes: Uint8Array;
  readonly digest: string;
  readonly mediaType: string | undefined;
}

/** An image for one platform. */
export interface ResolvedImage {
  /** Digest of the manifest for the platform. */
  readonly digest: string;
  readonly mediaType: string;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  /** Digest of the index, if the reference names one. */
  readonly indexDigest?: string;
}

/** Part of a blob, as a stream. */
export interface BlobPart {
  /** Offset of the stream in the blob; 0 when the registry does not support ranges. */
  readonly offset: number;
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Reads one repository of a registry (OCI distribution-spec 1.1). All methods throw FactoryError: `step` when the registry
 * cannot be reached, refuses a request or lacks the content; `verification` when the content does not match its digest.
 */
export interface Registry {
  readonly reference: ImageReference;
  /** Resolves the reference to the image for a platform. */
  resolveManifest(platform: Platform): Promise<ResolvedImage>;
  /** Reads a manifest by tag or digest, by default that of the reference. */
  getManifestBytes(tagOrDigest?: string): Promise<ManifestBytes>;
  /** Reads and verifies a small blob. */
  getBlobBytes(digest: string, limit: number): Promise<Uint8Array>;
  /** Reads a blob from `offset` without verifying it. @throws TransientHttpError when a retry may succeed */
  getBlob(digest: string, offset: number, signal?: AbortSignal): Promise<BlobPart>;
  /** Lists all tags of the repository, in the order of the registry. */
  listTags(): Promise<string[]>;
  /** Lists the manifests that refer to one, such as its signatures, optionally of one artifact type. */
  getReferrers(digest: string, artifactType?: string): Promise<Descriptor[]>;
}

/** distribution-spec: registries should limit manifests to this many bytes. */
const MANIFEST_LIMIT = 4 * 1024 * 1024;
/** Maximum size of an image configuration, whose history can be long. */
const CONFIG_LIMIT = 8 * 1024 * 1024;
const TAGS_LIMIT = 4 * 1024 * 1024;
/** Maximum number of pages of tags or referrers, as a registry may return the same link forever. */
const PAGES = 1000;
const NESTING = 2;
const ACCEPT = Object.values(MEDIA).join(', ');

/** Opens a repository for reading, without sending a request. */
export function openRegistry(
  host: RegistryHost,
  reference: ImageReference,
  options: TransportOptions = {},
): Registry {
  const transport = createTransport(host, reference, options);
  const name = formatImageReference(reference);
  const root = `/v2/${reference.repository}`;

  const getManifestBytes: Registry['getManifestBytes'] = async (
    wanted = reference.digest ?? reference.tag ?? 'latest',
  ) => {
    const answer = await transport.bytes(`${root}/manifests/${wanted}`, MANIFEST_LIMIT, { accept: ACCEPT });
    if (answer === undefined) throw missing(reference, wanted);
    const { bytes, headers } = answer;
    const stated = headers.get('docker-content-digest')?.trim();
    const expected = isDigest(wanted) ? wanted : stated && isDigest(stated) ? stated : undefined;
    const digest = digestOf(bytes, expected);
    if (expected !== undefined) expectDigest(`the manifest of ${name}`, expected, digest);
    const mediaType = headers.get('content-type')?.split(';')[0]?.trim();
    return { bytes, digest, mediaType };
  };

  const getBlobBytes: Registry['getBlobBytes'] = async (digest, limit) => {
    const answer = await transport.bytes(`${root}/blobs/${digest}`, limit);
    if (answer === undefined) throw missing(reference, digest);
    expectDigest(`blob ${digest} of ${name}`, digest, digestOf(answer.bytes, digest));
    return answer.bytes;
  };

  const resolve = async (platform: Platform, wanted?: string, depth = 0): Promise<ResolvedImage> => {
    const { bytes, digest, mediaType } = await getManifestBytes(wanted);
    const parsed = parseManifest(name, bytes, mediaType);
    if (parsed.kind === 'manifest') {
      const { manifest } = parsed;
      const config = parseConfig(name, await getBlobBytes(manifest.config.digest, CONFIG_LIMIT));
      return { digest, mediaType: parsed.mediaType, manifest, config };
    }
    const { manifests } = parsed.index;
    const entry = depth < NESTING ? choosePlatform(manifests, platform) : undefined;
    if (entry === undefined) throw noSuchPlatform(name, platform, manifests);
    return { ...(await resolve(platform, entry.digest, depth + 1)), indexDigest: digest };
  };

  return {
    reference,
    resolveManifest: (platform) => resolve(platform),
    getManifestBytes,
    getBlobBytes,
    getBlob: (digest, offset, signal) =>
      blobPart(transport, reference, { digest, offset, signal, timeout: options.timeout }),
    listTags: async () => {
      const first = `${root}/tags/list`;
      const pages = await readPages(transport, first, { limit: TAGS_LIMIT });
      if (pages.length === 0) throw missing(reference, undefined);
      return pages.flatMap((page) => stringsOf((page as { tags?: unknown }).tags));
    },
    getReferrers: async (digest, artifactType) => {
      const query = artifactType === undefined ? '' : `?artifactType=${encodeURIComponent(artifactType)}`;
      const path = `${root}/referrers/${digest}${query}`;
      const pages = await readPages(transport, path, {
        limit: MANIFEST_LIMIT,
        accept: MEDIA.index,
      }).catch((error: unknown) => {
        // Registries without this API respond in various ways.
        host.log('debug', `no referrers of ${digest}: ${messageOf(error)}`);
        return [];
      });
      // distribution-spec, "Referrers Tag Schema": for such registries, and for content from before they had the API.
      const tag = digest.replace(':', '-').slice(0, 128);
      const tagged = await transport.bytes(`${root}/manifests/${tag}`, MANIFEST_LIMIT, {
        accept: MEDIA.index,
      });
      const answers = [
        ...pages.filter((page) => (page as { manifests?: unknown }).manifests).map(encoded),
        ...(tagged === undefined ? [] : [tagged.bytes]),
      ];
      const found = answers.flatMap((bytes) => {
        const parsed = parseManifest(`referrers of ${digest}`, bytes);
        return parsed.kind === 'index' ? parsed.index.manifests : [];
      });
      const unique = [...new Map(found.map((entry) => [entry.digest, entry])).values()];
      return unique.filter((entry) => artifactType === undefined || entry.artifactType === artifactType);
    },
  };
}

interface PartRequest {
  readonly digest: string;
  readonly offset: number;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds without data. */
  readonly timeout: number | undefined;
}

/** Requests a part of a blob; the stream fails when no data arrives for too long. */
async function blobPart(
  transport: Transport,
  reference: ImageReference,
  { digest, offset, signal, timeout = TIMEOUT }: PartRequest,
): Promise<BlobPart> {
  const idle = startIdleTimeout(timeout, signal);
  try {
    const headers = offset > 0 ? { range: `bytes=${offset}-` } : {};
    const path = `/v2/${reference.repository}/blobs/${digest}`;
    const response = await transport.exchange(path, headers, idle.signal);
    if (response.status === 404) throw missing(reference, digest);
    if (response.status === 416) {
      await response.body?.cancel();
      idle.stop();
      return await blobPart(transport, reference, { digest, offset: 0, signal, timeout });
    }
    const start = response.status === 206 ? startOf(response) : 0;
    async function* chunks() {
      try {
        yield* untilIdle(response.body, idle, timeout);
      } catch (error) {
        throw explainNetwork(reference.registry, error, CERTIFICATE_REMEDY);
      }
    }
    return { offset: start, body: chunks() };
  } catch (error) {
    idle.stop();
    throw error;
  }
}

/** RFC 9110, section 14.4: `bytes FIRST-LAST/SIZE`. */
function startOf(response: Response): number {
  const first = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
  if (first !== undefined) return Number(first);
  throw new TransientHttpError('a partial response has no Content-Range header');
}

interface PageOptions {
  /** Maximum size of a page, in bytes. */
  readonly limit: number;
  /** Value of the `Accept` header. */
  readonly accept?: string;
}

/** Follows `Link: <…>; rel="next"` (distribution-spec, "Listing Tags"). Returns no pages when the first does not exist. */
async function readPages(
  transport: Transport,
  first: string,
  { limit, accept = 'application/json' }: PageOptions,
): Promise<unknown[]> {
  const pages: unknown[] = [];
  let next: string | undefined = first;
  for (let count = 0; next !== undefined && count < PAGES; count++) {
    const response: FullResponse | undefined = await transport.bytes(next, limit, { accept });
    const page = response && jsonOf(response.bytes);
    if (response === undefined || page === undefined) break;
    pages.push(page);
    next = nextPage(response.headers.get('link'), next);
  }
  return pages;
}

/** The path of the next page; the host of the link is ignored. */
function nextPage(link: string | null, current: string): string | undefined {
  const target = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(link ?? '')?.[1];
  const base = `http://registry${current}`;
  if (target === undefined || !URL.canParse(target, base)) return undefined;
  const { pathname, search } = new URL(target, base);
  return `${pathname}${search}`;
}

function jsonOf(bytes: Uint8Array): object | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    // Some registries return a web page for unknown paths.
    return undefined;
  }
}

function encoded(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function missing(reference: ImageReference, wanted: string | undefined): FactoryError {
  const name = formatImageReference(reference);
  const what = wanted === undefined || wanted === reference.tag ? name : `${wanted} of ${name}`;
  return new FactoryError('REGISTRY_NOT_FOUND', `the registry has no ${what} (HTTP 404)`, {
    remedy: 'Check the name and the tag of the image.',
  });
}
