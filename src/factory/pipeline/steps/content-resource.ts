import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { hashFile } from '../../../common/files/digest.ts';
import { formatImageReference } from '../../../common/oci/registry/image-reference.ts';
import { type BaseReference, formatBaseReference } from '../../config/base-reference.ts';
import { publicReference } from '../../inspect/provenance/public-parameters.ts';
import type { Resource } from '../../inspect/provenance/statement.ts';
import type { ReferenceEnvironment } from '../build-environment.ts';
import { rememberedHash, treeContentDigest } from '../digests.ts';
import { fingerprint } from './fingerprint.ts';

/** An image that a build uses. */
export interface ImageInput {
  readonly image: BaseReference;
  readonly arch: string;
}

/**
 * Describes an image by the digest of its content.
 * @param name the role of the image
 * @throws FactoryError as documented at `fingerprint`
 */
export async function imageResource(
  env: ReferenceEnvironment,
  name: string,
  { image: reference, arch }: ImageInput,
): Promise<Resource> {
  const uri = publicReference(formatBaseReference(reference));
  switch (reference.kind) {
    case 'docker': {
      const { digest, manifest } = await env.images.pin(reference.image, arch);
      return {
        name,
        uri: `oci://${formatImageReference(reference.image)}`,
        digest: { sha256: hex(manifest) },
        ...(digest === manifest ? {} : { annotations: { index: digest } }),
      };
    }
    case 'dir':
      return { ...treeResource(name, reference.path), uri };
    case 'docker-daemon':
      return { name, uri, digest: { sha256: hex(await fingerprint(env, reference, arch)) } };
    case 'oci':
      return { name, uri, ...(await fileContent(join(reference.path, 'index.json'))) };
    case 'bootstrap':
      return { name, uri };
    default:
      return { name, uri, digest: { sha256: await rememberedHash(env.digests, reference.path) } };
  }
}

/** The digest of a file. */
export async function fileContent(path: string): Promise<Pick<Resource, 'digest'>> {
  return { digest: { sha256: await hashFile(path) } };
}

/** Describes a directory by the names, modes and contents of its files (docs/sbom.md describes the digest). */
export function treeResource(name: string, path: string): Resource {
  return { name, digest: { sha256: treeContentDigest(path) }, annotations: { content: 'tree' } };
}

function hex(digest: string): string {
  return /^sha256:[0-9a-f]{64}$/.test(digest)
    ? digest.slice('sha256:'.length)
    : createHash('sha256').update(digest).digest('hex');
}
