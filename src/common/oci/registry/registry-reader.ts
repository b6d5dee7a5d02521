import { FactoryError } from '../../errors/factory-error.ts';
import type { Registry } from './registry.ts';
import type { RegistryReader } from './repository-reader.ts';

/** A repository as the verification of images reads it; the trust policy decides, and this only fetches. */
export function registryReader(registry: Registry): RegistryReader {
  return {
    manifest: async (tagOrDigest) => {
      try {
        const { bytes, mediaType = '', digest } = await registry.getManifestBytes(tagOrDigest);
        return { bytes, mediaType, digest };
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    blob: (digest, limit) => registry.getBlobBytes(digest, limit),
    referrers: (digest) => registry.getReferrers(digest),
  };
}

/** A missing manifest is not a failure; the verification refuses the image if it lacks signatures. */
function isMissing(error: unknown): boolean {
  return error instanceof FactoryError && error.code === 'REGISTRY_NOT_FOUND';
}
