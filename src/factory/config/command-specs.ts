import { resolve } from 'node:path';
import { ignoreWarnings } from './artifacts-spec.ts';
import { absoluteReference } from './base-reference.ts';
import { type BuildTarget, buildSpec } from './build-spec.ts';
import { defaultArch } from './default-arch.ts';
import { type ConfigurationSources, loadConfigurations } from './load.ts';
import { lockFilePath } from './lock-file-path.ts';
import { type ArtifactsSpec, BuildConfiguration } from './schema.ts';

/** The settings of `lock`. */
export interface LockSpec extends Pick<ArtifactsSpec, 'registries' | 'lockFile'> {
  /** The builds of the configuration; a build without flavor and base is left out. */
  readonly builds: readonly BuildTarget[];
  /** The architecture for images that belong to no build. */
  readonly arch: string;
}

/** Merges and validates the configuration of builds for `lock`. @throws FactoryError `usage` */
export async function loadLockSpec(sources: ConfigurationSources): Promise<LockSpec> {
  const all = await loadConfigurations(BuildConfiguration, sources, absoluteReference);
  const builds: BuildTarget[] = [];
  for (const { name, configuration } of all) {
    const { flavor, base } = configuration;
    if (flavor !== undefined || base !== undefined)
      builds.push({ name, spec: await buildSpec(configuration, sources, ignoreWarnings) });
  }
  const first = all[0]?.configuration;
  return {
    builds,
    arch: first?.arch ?? defaultArch(),
    registries: first?.registries ?? [],
    lockFile: lockFilePath(first?.['lock-file'], sources),
  };
}

/** Loads the settings of `sign` and `verify`: registries and signer. @throws FactoryError `usage` */
export async function loadSigningSpec(
  sources: ConfigurationSources,
): Promise<Pick<ArtifactsSpec, 'registries' | 'sign'>> {
  const all = await loadConfigurations(BuildConfiguration, sources, absoluteReference);
  const first = all[0]?.configuration;
  return { registries: first?.registries ?? [], sign: first?.sign };
}

/** Loads the settings of `push`, from the first build of the configuration. @throws FactoryError `usage` */
export async function loadPushSpec(
  sources: ConfigurationSources,
): Promise<Pick<ArtifactsSpec, 'registries' | 'push' | 'sign' | 'output'>> {
  const [first] = await loadConfigurations(BuildConfiguration, sources, absoluteReference);
  const { registries = [], push, sign, output = 'build' } = first?.configuration ?? {};
  return { registries, push, sign, output: resolve(output) };
}
