import { PERSON_CLIENT } from '../../../common/oci/registry/client.ts';
import { type Credentials, findCredentials } from '../../../common/oci/registry/credentials.ts';
import type { ImageReference } from '../../../common/oci/registry/image-reference.ts';
import { createRegistryHost } from './registry-host.ts';
import { placesOf } from './registry-places.ts';
import type { RegistryAccess } from './resolve-image.ts';

/** Finds the user's credentials for an image's registry and its mirrors. @throws FactoryError as `findCredentials` does */
export async function registryCredentials(
  { runner, registries, env }: RegistryAccess,
  image: ImageReference,
): Promise<Credentials[]> {
  // Fetching the image has already reported problems with the files.
  const host = createRegistryHost({ runner, env, warn: () => undefined });
  const found = await Promise.all(
    placesOf(image, registries).map(({ reference }) =>
      findCredentials(host, reference, { client: PERSON_CLIENT }),
    ),
  );
  return found.filter((credentials) => credentials !== undefined);
}
