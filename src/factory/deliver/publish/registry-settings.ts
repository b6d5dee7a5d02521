import type { RegistrySettings } from '../../config/registries.ts';
import type { CosignRegistry } from '../../tools/cosign.ts';

/** Returns cosign's settings for a registry, from the key `registries`. */
export function cosignRegistry(registry: string, settings: readonly RegistrySettings[]): CosignRegistry {
  const { insecure = false, ca } = settings.find((entry) => entry.registry === registry) ?? {};
  return { insecure, ca };
}
