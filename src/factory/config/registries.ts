import { z } from 'zod';
import { parseImageReference } from '../../common/oci/registry/image-reference.ts';

/** Whether a text has the form `HOST[:PORT][/PATH]`, the prefix of an image name. */
function isPlace(text: string): boolean {
  try {
    return text.startsWith(parseImageReference(`${text}/name`).registry);
  } catch {
    return false;
  }
}

const Place = z.string().refine(isPlace, 'does not have the form HOST[:PORT][/PATH]');

/** The connection settings of a registry. */
export const RegistrySettings = z.strictObject({
  registry: Place.refine((text) => !text.includes('/'), 'does not have the form HOST[:PORT]').meta({
    description: 'Host and port as in image names; `docker.io` for Docker Hub.',
  }),
  mirrors: z.array(Place).default([]).meta({ description: 'Mirrors, which are tried first, in this order.' }),
  insecure: z.boolean().default(false).meta({ description: 'Accept any certificate, and plain HTTP.' }),
  ca: z.string().optional().meta({
    description: "File with CA certificates (PEM) to trust in addition to the system's.",
  }),
});
export type RegistrySettings = z.infer<typeof RegistrySettings>;
