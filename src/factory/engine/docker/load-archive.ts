import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import tar from 'tar-stream';
import { openLayer } from '../../../common/oci/layers/layer-stream.ts';
import { openLocalImage } from '../../../common/oci/layers/local-image.ts';
import type { ImageFile } from '../container-engine.ts';

/** Told to images of ours and to all that is built from them, so that a person can find them in a daemon. */
const LABEL = 'io.kairos-factory';

/**
 * An image file as an archive that every daemon can load (moby, "Docker Image Specification v1.2.0"): one image, one name
 * of our choice and none of those that the file brings, and layers that are not compressed, because older daemons know
 * no zstd. Digests are checked on the way.
 * @param scratch an empty directory that is there until the stream has ended
 * @throws FactoryError `verification` when the file is no image
 */
export async function openLoadArchive(
  file: ImageFile,
  image: string,
  scratch: string,
  arch: string,
): Promise<Readable> {
  const platform = { os: 'linux', architecture: arch };
  const tag = file.kind === 'oci' ? file.tag : undefined;
  const { config, layers } = await openLocalImage(file.path, platform, join(scratch, 'archive.tar'), tag);
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
