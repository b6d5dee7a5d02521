import type { RegistryHost } from '../../../common/oci/registry/registry-host.ts';
import { createRegistryHost, type RegistryHostOptions } from './registry-host.ts';
import { type RegistryAccess, readAuthorities } from './resolve-image.ts';

/** How to talk to one registry itself, without its mirrors. */
export interface RegistryConnection {
  readonly host: RegistryHost;
  /** Accept any certificate, and plain HTTP. */
  readonly insecure: boolean;
}

/**
 * Applies the person's settings for a registry, without sending a request.
 * @param registry its host and port, as in image names
 * @throws FactoryError `usage` when the CA certificates cannot be read
 */
export async function connectRegistry(
  registry: string,
  { registries, ...options }: Pick<RegistryAccess, 'registries'> & Omit<RegistryHostOptions, 'ca'>,
): Promise<RegistryConnection> {
  const settings = registries.find((entry) => entry.registry === registry);
  const ca = settings?.ca === undefined ? undefined : await readAuthorities(settings.ca);
  return { host: createRegistryHost({ ...options, ca }), insecure: settings?.insecure ?? false };
}
