import { FactoryError } from '../../errors/factory-error.ts';
import { digestOf, expectDigest } from '../../files/digest.ts';
import { within } from '../../http/abort.ts';
import { retrying } from '../../http/retry.ts';
import type { BlobContent } from './blob-content.ts';
import { type BlobOutcome, type UploadOptions, uploadBlob } from './blob-upload.ts';
import { type Descriptor, MEDIA, parseManifest } from './image-manifest.ts';
import { formatImageReference, type ImageReference } from './image-reference.ts';
import { referrersTag, withReferrers } from './referrers.ts';
import { openRegistry, type Registry } from './registry.ts';
import { expectAnswered, refused } from './registry-answer.ts';
import type { RegistryHost } from './registry-host.ts';
import { createTransport, TIMEOUT, type TransportOptions } from './transport.ts';

/** A manifest or an index, as bytes. */
export interface ManifestContent {
  readonly bytes: Uint8Array;
  readonly digest: string;
  readonly mediaType: string;
}

/**
 * Writes to one repository of a registry (OCI distribution-spec 1.1). Everything throws FactoryError: `step` when the
 * registry cannot be reached or refuses, `verification` when the digest that it answers is not ours.
 */
export interface RegistryWriter {
  readonly reference: ImageReference;
  /** The same repository, to read. */
  readonly reader: Registry;
  /** Brings a blob there, if it is not. The signal is one more besides that of the writer. */
  pushBlob(content: BlobContent, options?: Pick<UploadOptions, 'progress' | 'signal'>): Promise<BlobOutcome>;
  /**
   * Stores a manifest, whose blobs are there, under its digest.
   * @returns whether the registry lists it by itself among the referrers of its subject
   */
  pushManifest(manifest: ManifestContent): Promise<{ readonly isListed: boolean }>;
  /** Enters manifests among the referrers of another one, for a registry that does not do so by itself. */
  addReferrers(subject: string, referrers: readonly Descriptor[]): Promise<void>;
  /**
   * Gives a manifest that is there a tag, and reads it back by it.
   * @returns what the tag stood for before, if it did and that was another one
   */
  tag(manifest: ManifestContent, tag: string): Promise<string | undefined>;
}

/** How a repository is written to. */
export interface WriterOptions extends TransportOptions, Pick<UploadOptions, 'chunk' | 'mountFrom'> {}

/** How often the index of referrers is written when somebody else writes it at the same time. */
const ROUNDS = 5;

/** Opens a repository for writing. Nothing is asked of it yet. */
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
        if (!response.ok) throw await refused(what, registry, response);
        await response.body?.cancel();
        expectAnswered(what, digest, response);
        return response.headers;
      },
    );

  /** A manifest by tag, if there is one. */
  const find = async (tag: string) => reader.getManifestBytes(tag).catch(undefinedWhenMissing);

  return {
    reference,
    reader,
    pushBlob: (content, { progress, signal: more } = {}) => {
      const signals = [signal, more].filter((one) => one !== undefined);
      return uploadBlob(host, { transport, root, registry }, content, {
        ...{ signal: AbortSignal.any(signals), attempts, timeout, mountFrom, chunk, progress },
      });
    },
    pushManifest: async (manifest) => {
      const headers = await put(`manifest ${manifest.digest} of ${name}`, manifest.digest, manifest);
      // distribution-spec 1.1, "Pushing Manifests with Subject": a registry that knows them says so.
      return { isListed: headers.has('oci-subject') };
    },
    addReferrers: async (subject, referrers) => {
      const tag = referrersTag(subject);
      for (let round = 0; round < ROUNDS; round += 1) {
        const found = await find(tag);
        const before = found && parseManifest(`${name}:${tag}`, found.bytes, found.mediaType);
        if (before?.kind === 'manifest') throw takenTag(name, tag);
        const bytes = withReferrers(found?.bytes, referrers);
        // Read back, because another program may have written what it had read before us.
        if (bytes === undefined) return;
        await put(`${name}:${tag}`, tag, { bytes, digest: digestOf(bytes), mediaType: MEDIA.index });
      }
      throw new FactoryError(
        'REGISTRY_TAG_TAKEN',
        `${name}:${tag} is written by another program all the time`,
        {
          remedy: 'Try again when nothing else pushes artifacts or signatures of this image.',
        },
      );
    },
    tag: async (manifest, tag) => {
      const before = await find(tag);
      const what = `${name}:${tag}`;
      // A registry may refuse to write a tag twice.
      if (before?.digest === manifest.digest) return undefined;
      await put(what, tag, manifest);
      const { digest } = await reader.getManifestBytes(tag);
      expectDigest(`${what}, read back,`, manifest.digest, digest);
      return before?.digest;
    },
  };
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
    `${name}:${tag} is an image, and would have to list what belongs to one`,
    {
      remedy: 'Remove that tag from the registry; its name is kept for referrers (distribution-spec 1.1).',
    },
  );
}
