import { forEachEntry } from '../each-entry.ts';
import type { Plugin } from '../plugin.ts';

/**
 * `unpack_images`: unpacks container images into directories, in the order of the list.
 *
 * @throws FactoryError when an image cannot be fetched or unpacked, or the trust policy refuses it
 */
export const unpackImagesPlugin: Plugin<'unpack_images'> = {
  key: 'unpack_images',
  run: async ({ host }, images) => {
    const { unpackAdmitted } = await import('../../trust/unpack-admitted.ts');
    await forEachEntry(images, async ({ source, target, platform }) => {
      await unpackAdmitted(host, source, { target, ...(platform && { platform }) });
    });
  },
};
