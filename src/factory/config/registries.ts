import { z } from 'zod';
import { parseImageReference } from '../../common/oci/registry/image-reference.ts';

/** Whether a text is `HOST[:PORT][/PATH]`, as it stands before the name of an image. */
function isPlace(text: string): boolean {
  try {
    return text.startsWith(parseImageReference(`${text}/name`).registry);
  } catch {
    return false;
  }
}

const Place = z.string().refine(isPlace, 'is not of the form HOST[:PORT][/PATH]');

/** How one registry is reached. */
export const RegistrySettings = z.strictObject({
  registry: Place.refine((text) => !text.includes('/'), 'is not of the form HOST[:PORT]').meta({
    description: 'Host and port, as in the names of images; `docker.io` for Docker Hub.',
  }),
  mirrors: z
    .array(Place)
    .default([])
    .meta({ description: 'Places that have its images, too; they are asked first, in this order.' }),
  insecure: z
    .boolean()
    .default(false)
    .meta({ description: 'Accept any certificate, and do without TLS where there is none.' }),
  ca: z.string().optional().meta({
    description: 'File with certificates of authorities (PEM) to trust besides those of the system.',
  }),
});
export type RegistrySettings = z.infer<typeof RegistrySettings>;
