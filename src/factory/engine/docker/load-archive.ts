import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import tar from 'tar-stream';
import { openLayer } from '../../../common/oci/layers/layer-stream.ts';
import { openLocalImage } from '../../../common/oci/layers/local-image.ts';
import type { ImageFile } from '../container-engine.ts';

/** A label of our images and all images built from them, by which a user finds them in a daemon. */
const LABEL = 'io.kairos-factory';

/**
 * Opens an image file as an archive that every daemon can load (moby, "Docker Image Specification v1.2.0"): a single image
 * under the given name only, with uncompressed layers, because older daemons do not support zstd. Digests are checked while
 * reading.
 * @param options.image the name of the image
 * @param options.scratch an empty directory that exists until the stream has ended
 * @throws FactoryError `verification` when the file is not an image
 */
export async function openLoadArchive(
  file: ImageFile,
  { image, arch, scratch }: { readonly image: string; readonly arch: string; readonly scratch: string },
): Promise<Readable> {
  const platform = { os: 'linux', architecture: arch };
  const tag = file.kind === 'oci' ? file.tag : undefined;
  const { config, layers } = await openLocalImage(file.path, {
    platform,
    unpacked: join(scratch, 'archive.tar'),
    tag,
  });
  const pack = tar.pack();
  const feed = async () => {
    const names: string[] = [];
    for (const [index, layer] of layers.entries()) {
      const name = `${index}/layer.tar`;
      const opened = await openLayer(layer, () => undefined);
      try {
        if (opened.isCompressed) {
          const plain = join(scratch, 'layer.tar');
          await pipeline(opened.tar, createWriteStream(plain));
          opened.check();
          const { size } = await stat(plain);
          await pipeline(createReadStream(plain), pack.entry({ name, size }));
        } else {
          await pipeline(opened.tar, pack.entry({ name, size: layer.size }));
          opened.check();
        }
      } finally {
        opened.close();
      }
      names.push(name);
    }
    const labelled = { ...config.config, Labels: { ...config.config?.Labels, [LABEL]: 'image' } };
    pack.entry({ name: 'config.json' }, JSON.stringify({ ...config, config: labelled }));
    const manifest = [{ Config: 'config.json', RepoTags: [image], Layers: names }];
    pack.entry({ name: 'manifest.json' }, JSON.stringify(manifest));
    pack.finalize();
  };
  feed().catch((error: unknown) => pack.destroy(error as Error));
  return Readable.from(pack);
}
