import { FactoryError } from '../../errors/factory-error.ts';
import { digestOf, expectDigest } from '../../files/digest.ts';
import { within } from '../../http/abort.ts';
import { retrying } from '../../http/retry.ts';
import type { BlobContent } from './blob-content.ts';
import { type BlobOutcome, type UploadOptions, uploadBlob } from './blob-upload.ts';
import { type Descriptor, MEDIA, parseManifest } from './image-manifest.ts';
import { formatImageReference, type ImageReference } from './image-reference.ts';
import { isReferrersList, referrersTag, withReferrers } from './referrers.ts';
import { openRegistry, type Registry } from './registry.ts';
import type { RegistryHost } from './registry-host.ts';
import { expectStoredDigest, refused } from './registry-response.ts';
import { createTransport, TIMEOUT, type TransportOptions } from './transport.ts';

/** A manifest or an index, as bytes. */
export interface ManifestContent {
  readonly bytes: Uint8Array;
  readonly digest: string;
  readonly mediaType: string;
}

/**
 * Writes to one repository of a registry (OCI distribution-spec 1.1). All methods throw FactoryError: `step` when the
 * registry cannot be reached or refuses a request, `verification` when it responds with another digest.
 */
export interface RegistryWriter {
  readonly reference: ImageReference;
  /** Reads the same repository. */
  readonly reader: Registry;
  /** Uploads a blob unless it exists. The signal is in addition to the writer's own. */
  pushBlob(content: BlobContent, options?: Pick<UploadOptions, 'progress' | 'signal'>): Promise<BlobOutcome>;
  /**
   * Stores a manifest, whose blobs must exist, under its digest.
   * @returns whether the registry lists it among the referrers of its subject
   */
  pushManifest(manifest: ManifestContent): Promise<{ readonly isListed: boolean }>;
  /**
   * Adds manifests to the referrers of another one, in a registry without the referrers API.
   * @returns whether the registry keeps such a list
   */
  addReferrers(subject: string, referrers: readonly Descriptor[]): Promise<boolean>;
  /**
   * Tags an existing manifest, and reads it back by its tag.
   * @returns the previous digest of the tag, if it was another one
   */
  tag(manifest: ManifestContent, tag: string): Promise<string | undefined>;
}

/** Options of {@link openRegistryWriter}. */
export interface WriterOptions extends TransportOptions, Pick<UploadOptions, 'chunk' | 'mountFrom'> {}

/** Maximum number of attempts to write the index of referrers while other programs write it, too. */
const ROUNDS = 10;
/**
 * Milliseconds after which the index is read back: a program that had read it before it was written has overwritten it by
 * then. Up to as many are added at random, so that programs do not keep pace.
 */
const SETTLING = 500;

/** Opens a repository for writing, without sending a request. */
export function openRegistryWriter(
  host: RegistryHost,
  reference: ImageReference,
  options: WriterOptions = {},
): RegistryWriter {
  const { signal, attempts, timeout = TIMEOUT, mountFrom, chunk } = options;
  const scopes = [
    `repository:${reference.repository}:pull,push`,
    ...(mountFrom === undefined ? [] : [`repository:${mountFrom}:pull`]),
  ];
  const transport = createTransport(host, reference, { ...options, scopes });
  const reader = openRegistry(host, reference, { ...options, scopes });
  const { registry } = reference;
  const root = `/v2/${reference.repository}`;
  const name = formatImageReference({ ...reference, tag: undefined, digest: undefined });

  const put = async (what: string, place: string, { bytes, digest, mediaType }: ManifestContent) =>
    retrying(
      host,
      { name: what, verb: 'pushed', code: 'REGISTRY_UNREACHABLE', signal, attempts },
      async () => {
        const { response } = await transport.send(`${root}/manifests/${place}`, {
          method: 'PUT',
          headers: { 'content-type': mediaType },
          body: { size: bytes.length, open: () => once(bytes) },
          signal: within(timeout, signal),
        });
        if (!response.ok) throw await refused(what, response, { registry, isReferrer: isReferrer(bytes) });
        await response.body?.cancel();
        expectStoredDigest(what, digest, response);
        return response.headers;
      },
    );

  /** Reads a manifest by tag, if it exists. */
  const find = async (tag: string) => reader.getManifestBytes(tag).catch(undefinedWhenMissing);

  let hasApi: Promise<boolean> | undefined;
  const settle = () => host.sleep(Math.round(SETTLING * (1 + Math.random())), signal);

  /** Adds to the index of referrers. @returns whether anything was missing; `undefined` when the registry keeps no index */
  const writeReferrers = async (subject: string, referrers: readonly Descriptor[]) => {
    const tag = referrersTag(subject);
    const found = await find(tag);
    const list = found && isReferrersList(subject, found.digest) ? found : undefined;
    const before = list && parseManifest(`${name}:${tag}`, list.bytes, list.mediaType);
    if (before?.kind === 'manifest') throw takenTag(name, tag);
    const bytes = withReferrers(list?.bytes, referrers);
    if (bytes === undefined) return false;
    await put(`${name}:${tag}`, tag, { bytes, digest: digestOf(bytes), mediaType: MEDIA.index });
    const stored = await find(tag);
    return stored === undefined || isReferrersList(subject, stored.digest) ? true : undefined;
  };

  return {
    reference,
    reader,
    pushBlob: (content, { progress, signal: more } = {}) => {
      const signals = [signal, more].filter((each) => each !== undefined);
      return uploadBlob(host, content, {
        repository: { transport, root, registry },
        signal: AbortSignal.any(signals),
        attempts,
        timeout,
        mountFrom,
        chunk,
        progress,
      });
    },
    pushManifest: async (manifest) => {
      const headers = await put(`manifest ${manifest.digest} of ${name}`, manifest.digest, manifest);
      // distribution-spec 1.1, "Pushing Manifests with Subject": a registry with the referrers API sends this header.
      const subject = headers.get('oci-subject');
      if (subject === null) return { isListed: false };
      // Others send it as well (sigstore/sigstore-js#1183).
      hasApi ??= reader.hasReferrersApi(subject);
      return { isListed: await hasApi };
    },
    addReferrers: async (subject, referrers) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const isWritten = await writeReferrers(subject, referrers);
        if (isWritten === undefined) return false;
        if (!isWritten) return true;
        await settle();
      }
      const tag = referrersTag(subject);
      throw new FactoryError('REGISTRY_TAG_TAKEN', `${name}:${tag} is being written by another program`, {
        remedy: 'Try again when no other program is pushing artifacts or signatures of this image.',
      });
    },
    tag: async (manifest, tag) => {
      const before = await find(tag);
      const what = `${name}:${tag}`;
      // A registry may refuse to overwrite a tag.
      if (before?.digest === manifest.digest) return undefined;
      await put(what, tag, manifest);
      const { digest } = await reader.getManifestBytes(tag);
      expectDigest(`${what}, read back,`, manifest.digest, digest);
      return before?.digest;
    },
  };
}

/** Whether a manifest refers to another one. */
function isReferrer(bytes: Uint8Array): boolean {
  const { subject } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { subject?: unknown };
  return subject !== undefined && subject !== null;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function undefinedWhenMissing(error: unknown): undefined {
  if (error instanceof FactoryError && error.code === 'REGISTRY_NOT_FOUND') return undefined;
  throw error;
}

function takenTag(name: string, tag: string): FactoryError {
  return new FactoryError(
    'REGISTRY_TAG_TAKEN',
    `${name}:${tag} is an image, but the tag is reserved for an index of referrers`,
    {
      remedy: 'Remove the tag from the registry (distribution-spec 1.1, "Referrers Tag Schema").',
    },
  );
}
