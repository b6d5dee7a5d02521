import { type BlobContent, bytesBlob, fileBlob } from '../../../common/oci/registry/blob-content.ts';
import type { Platform } from '../../../common/oci/registry/image-manifest.ts';
import type { ManifestContent } from '../../../common/oci/registry/registry-writer.ts';
import type { BuildDocument } from './build-output.ts';
import { type LayoutImage, layoutBlob } from './layout-image.ts';
import { EMPTY_CONFIG } from './oci-artifact.ts';
import type { PackedFile } from './pack-files.ts';

/** An image to push, with its accompanying files. */
export interface PushImage {
  readonly manifest: ManifestContent;
  /** `undefined` for an index, and for an image that does not state its platform. */
  readonly platform: Platform | undefined;
  /** The layout with its content; `undefined` when the image is already in the repository. */
  readonly layout: LayoutImage | undefined;
  /** Its name in the layout. */
  readonly name: string | undefined;
  readonly files: readonly PackedFile[];
  /** Documents to attach as signed attestations, if signing is configured. */
  readonly documents: readonly BuildDocument[];
  /** Version of the OS, for the annotations of accompanying files. */
  readonly version: string | undefined;
  /** Creation time of accompanying files, as a Unix timestamp. */
  readonly epoch: number;
}

/** All blobs of the images and their accompanying files, each once. */
export function blobsOf(images: readonly PushImage[]): BlobContent[] {
  const blobs = new Map<string, BlobContent>();
  const addTree = (directory: string, { blobs: own, children }: Pick<LayoutImage, 'blobs' | 'children'>) => {
    for (const { digest, size } of own) {
      const name = `layer ${digest.slice(0, 19)}…`;
      blobs.set(digest, fileBlob(layoutBlob(directory, digest), { name, digest, size }));
    }
    for (const child of children) addTree(directory, child);
  };
  for (const { layout, files } of images) {
    if (layout) addTree(layout.directory, layout);
    for (const { content } of files.flatMap(({ layers }) => layers)) blobs.set(content.digest, content);
    const empty = bytesBlob('an empty configuration', EMPTY_CONFIG);
    if (files.length > 0) blobs.set(empty.digest, empty);
  }
  return [...blobs.values()];
}
