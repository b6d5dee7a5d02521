import { parseManifest } from '../../common/oci/registry/image-manifest.ts';
import { formatImageReference, parseImageReference } from '../../common/oci/registry/image-reference.ts';
import { atPlaces, type RegistryAccess } from '../inputs/base/resolve-image.ts';
import type { Plan } from './state.ts';

/**
 * Resolves the name of an image to its digest, so that every node gets the same image even if the tag moves.
 * @throws FactoryError `step` when the registry has no such image, `verification` when its manifest cannot be used
 */
export async function pinImage(
  image: string,
  access: RegistryAccess,
  warn: (text: string) => void,
): Promise<Pick<Plan, 'image' | 'pinned' | 'digests'>> {
  const reference = parseImageReference(image);
  const { bytes, digest, mediaType } = await atPlaces({ access, image: reference, warn }, ({ registry }) =>
    registry.getManifestBytes(),
  );
  const parsed = parseManifest(image, bytes, mediaType);
  // A node notes the digest of the manifest for its platform (docs/node.md).
  const platforms = parsed.kind === 'index' ? parsed.index.manifests.map((entry) => entry.digest) : [];
  return {
    image: formatImageReference(reference),
    pinned: formatImageReference({ ...reference, tag: undefined, digest }),
    digests: [...new Set([digest, ...platforms])],
  };
}
