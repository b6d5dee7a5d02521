import { FactoryError } from '../../errors/factory-error.ts';
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
import { apiReferrers, listReferrers } from './list-referrers.ts';
import { choosePlatform, noSuchPlatform } from './platform.ts';
import { readPages } from './read-pages.ts';
import type { RegistryHost } from './registry-host.ts';
import {
  CERTIFICATE_REMEDY,
  createTransport,
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
  /** Whether the registry lists the manifests that refer to one by itself. */
  hasReferrersApi(digest: string): Promise<boolean>;
}

/** distribution-spec: registries should limit manifests to this many bytes. */
const MANIFEST_LIMIT = 4 * 1024 * 1024;
/** Maximum size of an image configuration, whose history can be long. */
const CONFIG_LIMIT = 8 * 1024 * 1024;
const TAGS_LIMIT = 4 * 1024 * 1024;
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
    getReferrers: (digest, artifactType) => listReferrers(host, transport, { root, digest, artifactType }),
    hasReferrersApi: async (digest) => (await apiReferrers(host, transport, { root, digest })) !== undefined,
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
