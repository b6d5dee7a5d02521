import { digestOf } from '../../../common/files/digest.ts';
import { type Descriptor, MEDIA } from '../../../common/oci/registry/image-manifest.ts';
import type { ManifestContent } from '../../../common/oci/registry/registry-writer.ts';
import { utcTime } from '../../../common/text/utc-time.ts';

/** The configuration of an artifact that has none (image-spec 1.1, "Guidance for an Empty Descriptor"). */
export const EMPTY_CONFIG = Buffer.from('{}');
const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json';

/** A file in an artifact; a client saves it as `title`. */
export interface ArtifactLayer {
  readonly title: string;
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Files to attach to an image as an artifact. */
export interface ArtifactDescription {
  readonly type: string;
  /** The manifest of the image. */
  readonly subject: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>;
  readonly layers: readonly ArtifactLayer[];
  /** Creation time as a Unix timestamp. */
  readonly epoch: number;
  readonly version: string | undefined;
}

/** An artifact, and its entry in the referrers of its subject. */
export interface OciArtifact extends ManifestContent {
  readonly referrer: Descriptor;
}

/**
 * Creates the manifest of an OCI artifact (image-spec 1.1, "Guidelines for Artifact Usage"). Each layer is an unmodified
 * file with its name as the title, as `oras pull` expects. The same files give the same bytes.
 */
export function ociArtifact({ type, subject, layers, epoch, version }: ArtifactDescription): OciArtifact {
  const annotations = {
    'org.opencontainers.image.created': utcTime(epoch),
    ...(layers[0] === undefined ? {} : { 'org.opencontainers.image.title': layers[0].title }),
    ...(version === undefined ? {} : { 'org.opencontainers.image.version': version }),
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    artifactType: type,
    config: {
      mediaType: EMPTY_TYPE,
      digest: digestOf(EMPTY_CONFIG),
      size: EMPTY_CONFIG.length,
      data: 'e30=',
    },
    layers: layers.map(({ title, mediaType, digest, size }) => ({
      mediaType,
      digest,
      size,
      annotations: { 'org.opencontainers.image.title': title },
    })),
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    annotations,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const content = { bytes, digest: digestOf(bytes), mediaType: MEDIA.manifest };
  const { digest, mediaType } = content;
  return { ...content, referrer: { mediaType, digest, size: bytes.length, artifactType: type, annotations } };
}
