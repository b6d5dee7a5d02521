import { unpackImage } from '../../../common/oci/layers/unpack-image.ts';
import type { Plugin } from '../plugin.ts';

/**
 * `unpack_images`: unpacks container images into directories, in the order of the list.
 *
 * @throws FactoryError when an image cannot be fetched or unpacked
 */
export const unpackImagesPlugin: Plugin<'unpack_images'> = {
  key: 'unpack_images',
  run: async ({ host }, images) => {
    for (const { source, target, platform } of images) {
      await host.makeDirectory(target);
      await unpackImage(host, source, { target, ...(platform && { platform }) });
    }
  },
};
