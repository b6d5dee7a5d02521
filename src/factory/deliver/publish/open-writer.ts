import { PUSHING_CLIENT } from '../../../common/oci/registry/client.ts';
import { openRegistryWriter, type RegistryWriter } from '../../../common/oci/registry/registry-writer.ts';
import type { RegistrySettings } from '../../config/registries.ts';
import { connectRegistry } from '../../inputs/base/connect-registry.ts';
import type { Runner } from '../../tools/runner.ts';
import type { PushTarget } from './push-target.ts';

/** Settings for writing to a registry. */
export interface WriterAccess {
  readonly runner: Runner;
  readonly registries: readonly RegistrySettings[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Another repository of the same registry to mount existing blobs from. */
  readonly mountFrom?: string | undefined;
  readonly warn: (text: string) => void;
}

/**
 * Opens the repository of a target for writing, with the user's registry settings. Ignores mirrors, which are read-only.
 * @throws FactoryError `usage` when the CA certificates cannot be read
 */
export async function openWriter(
  { runner, registries, env, signal, mountFrom, warn }: WriterAccess,
  { repository }: PushTarget,
): Promise<RegistryWriter> {
  const { host, insecure } = await connectRegistry(repository.registry, { runner, registries, env, warn });
  return openRegistryWriter(
    host,
    { ...repository, tag: undefined, digest: undefined },
    {
      insecure,
      client: PUSHING_CLIENT,
      signal,
      ...(mountFrom === undefined ? {} : { mountFrom }),
    },
  );
}
