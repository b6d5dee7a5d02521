import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { entriesOf, HOLES_LIMIT } from '../../../common/oci/layers/layer-entries.ts';
import { openLayer } from '../../../common/oci/layers/layer-stream.ts';
import { openLocalImage } from '../../../common/oci/layers/local-image.ts';
import { holesOf } from '../../../common/tar/sparse-map.ts';
import type { ImageFile } from '../../engine/container-engine.ts';

/**
 * Returns how many bytes of holes may be written as zeros: at most 64 GiB, and no more than there is space.
 * @param directory where they will be written
 */
export async function holesLimit(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return Math.min(HOLES_LIMIT, bavail * bsize);
}

/** Options of {@link checkHoles}. */
export interface CheckHolesOptions {
  /** The architecture to choose from a file with images for several. */
  readonly arch: string;
  /** A directory for temporary files. */
  readonly scratch: string;
  /** The limit in bytes; by default that of {@link holesLimit}. */
  readonly limit?: number;
}

/**
 * Refuses an image whose sparse files would fill the disk: an engine writes real zeros for their holes, so a layer of a few KiB
 * could become terabytes. The digests of the layers are checked on the way.
 * @throws FactoryError `verification` for such an image, or a corrupt one; as `openLocalImage` for other files
 */
export async function checkHoles(
  file: ImageFile,
  { arch, scratch, limit }: CheckHolesOptions,
): Promise<void> {
  const most = limit ?? (await holesLimit(scratch));
  const directory = await mkdtemp(join(scratch, 'holes-'));
  try {
    const { layers } = await openLocalImage(file.path, {
      platform: { os: 'linux', architecture: arch },
      unpacked: join(directory, 'archive.tar'),
      tag: file.kind === 'oci' ? file.tag : undefined,
    });
    let holes = 0;
    for (const layer of layers) {
      for await (const { member } of entriesOf(await openLayer(layer, () => undefined))) {
        holes += holesOf(member.sparse);
        if (holes > most) throw tooMany(file.path, most);
      }
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function tooMany(path: string, limit: number): FactoryError {
  return new FactoryError(
    'IMAGE_CORRUPT',
    `${path}: the holes in its sparse files exceed ${limit} bytes, and would be written as zeros`,
    { remedy: 'Do not use this image unless you know who made it; otherwise free more space, up to 64 GiB.' },
  );
}
