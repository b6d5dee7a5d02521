import { digestOf } from '../../../../../../src/common/files/digest.ts';
import { bytesBlob } from '../../../../../../src/common/oci/registry/blob-content.ts';
import { MEDIA } from '../../../../../../src/common/oci/registry/image-manifest.ts';
import { parsePlatform } from '../../../../../../src/common/oci/registry/platform.ts';
import type { PushImage } from '../../../../../../src/factory/deliver/publish/push-image.ts';

/** The type of the accompanying file. */
export const NOTE = 'text/x-note';

/** The blobs and the manifest of an image, and an accompanying file, all in memory. */
export function imageToPush(architecture: 'amd64' | 'arm64', layers: readonly Uint8Array[]) {
  const describe = (mediaType: string, bytes: Uint8Array) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const config = Buffer.from(JSON.stringify({ os: 'linux', architecture, rootfs: { diff_ids: [] } }));
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA.manifest,
      config: describe('application/vnd.oci.image.config.v1+json', config),
      layers: layers.map((layer) => describe('application/vnd.oci.image.layer.v1.tar', layer)),
    }),
  );
  const note = Buffer.from(`a note about ${architecture}`);
  const content = bytesBlob('note.txt', note);
  const image: PushImage = {
    manifest: { bytes, digest: digestOf(bytes), mediaType: MEDIA.manifest },
    platform: parsePlatform(architecture),
    layout: undefined,
    name: undefined,
    files: [
      { file: 'note.txt', type: NOTE, layers: [{ ...describe(NOTE, note), title: 'note.txt', content }] },
    ],
    documents: [],
    version: undefined,
    epoch: 0,
  };
  const blobs = [config, ...layers].map((blob, at) => bytesBlob(`blob ${at}`, blob));
  return { image, blobs };
}
