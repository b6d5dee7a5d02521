import type { ImageReference } from '../../../common/oci/registry/image-reference.ts';
import { parseImageReference } from '../../../common/oci/registry/image-reference.ts';
import type { RegistrySettings } from '../../config/registries.ts';

/** A registry or mirror that an image can be fetched from. */
export interface RegistryPlace {
  /** The name of the image there. */
  readonly reference: ImageReference;
  readonly insecure: boolean;
  /** File with CA certificates. */
  readonly ca: string | undefined;
  readonly isMirror: boolean;
}

/** Lists the places that an image can be fetched from: the mirrors of its registry, in order, then the registry itself. */
export function placesOf(image: ImageReference, settings: readonly RegistrySettings[]): RegistryPlace[] {
  const settingsOf = (registry: string) => settings.find((entry) => entry.registry === registry);
  const accessTo = (reference: ImageReference): Omit<RegistryPlace, 'isMirror'> => {
    const { insecure = false, ca } = settingsOf(reference.registry) ?? {};
    return { reference, insecure, ca };
  };
  const mirrors = settingsOf(image.registry)?.mirrors ?? [];
  return [
    ...mirrors.map((mirror) => {
      const { registry, repository } = parseImageReference(`${mirror}/${image.repository}`);
      return { ...accessTo({ ...image, registry, repository }), isMirror: true };
    }),
    { ...accessTo(image), isMirror: false },
  ];
}
