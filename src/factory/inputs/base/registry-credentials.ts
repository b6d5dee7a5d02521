import { PERSON_CLIENT } from '../../../common/oci/registry/client.ts';
import { type Credentials, findCredentials } from '../../../common/oci/registry/credentials.ts';
import type { ImageReference } from '../../../common/oci/registry/image-reference.ts';
import { createRegistryHost } from './registry-host.ts';
import { placesOf } from './registry-places.ts';
import type { RegistryAccess } from './resolve-image.ts';

/** The credentials that a person has for the places of an image, mirrors included. */
export async function registryCredentials(
  { runner, registries, env }: RegistryAccess,
  image: ImageReference,
): Promise<Credentials[]> {
  // What is wrong with the files was said when the image was fetched.
  const host = createRegistryHost({ runner, env, warn: () => undefined });
  const found = await Promise.all(
    placesOf(image, registries).map(({ reference }) => findCredentials(host, reference, PERSON_CLIENT)),
  );
  return found.filter((credentials) => credentials !== undefined);
}
