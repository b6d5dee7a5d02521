import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { requireValid } from '../../common/cloud-config/check-source.ts';
import type { ValidationOptions } from '../../common/cloud-config/validate.ts';
import { everyPromise } from '../../common/errors/every-result.ts';
import { FactoryError, reasonOf } from '../../common/errors/factory-error.ts';
import type { ArtifactKind } from './artifact-kinds.ts';
import { absoluteReference } from './base-reference.ts';
import { requireBootable } from './bootable.ts';
import { requireBuildkit } from './buildkit.ts';
import type { FailOn } from './fail-on.ts';
import { type ConfigurationSources, loadConfiguration } from './load.ts';
import { lockFilePath } from './lock-file-path.ts';
import { requireDirectory } from './require-directory.ts';
import { ArtifactsConfiguration, type ArtifactsSpec, type FrameworkChoice } from './schema.ts';

/** Receives warnings, line by line. */
export type Warn = (line: string) => void;
export const ignoreWarnings: Warn = () => undefined;

/** Merges and validates the configuration for making artifacts from an existing image. @throws FactoryError `usage` */
export async function loadArtifactsSpec(
  sources: ConfigurationSources,
  warn: Warn = ignoreWarnings,
): Promise<{ readonly image: string; readonly spec: ArtifactsSpec }> {
  const configuration = await loadConfiguration(ArtifactsConfiguration, sources, absoluteReference);
  return { image: configuration.image, spec: await artifactsSpec(configuration, sources, warn) };
}

type Keys = Pick<
  ArtifactsSpec,
  'artifacts' | 'compression' | 'engine' | 'buildkit' | 'output' | 'disk' | 'registries' | 'sbom' | 'audit'
> & {
  readonly 'oci-compression': ArtifactsSpec['ociCompression'];
  readonly 'fail-on'?: FailOn | undefined;
  readonly 'size-budget'?: number | undefined;
  readonly 'builder-id'?: string | undefined;
  readonly sign?: ArtifactsSpec['sign'];
  readonly cache?: ArtifactsSpec['sharedCache'];
  readonly prove?: ArtifactsSpec['prove'];
  readonly push?: ArtifactsSpec['push'];
  readonly 'lock-file'?: string | undefined;
  readonly 'cloud-config'?: string | undefined;
  readonly 'overlay-rootfs'?: string | undefined;
  readonly 'overlay-iso'?: string | undefined;
  /** Absent for an existing image. */
  readonly framework?: { readonly name: FrameworkChoice['name'] };
};

/** How to treat keys that only upstream's agent supports. An existing image may have either agent. */
function unsupportedKeys(framework: Keys['framework']): NonNullable<ValidationOptions['unsupported']> {
  if (framework === undefined) return 'warn';
  return framework.name === 'builtin' ? 'refuse' : 'ignore';
}

/** Validates the settings of artifacts, which builds and existing images share. @throws FactoryError `usage` */
export async function artifactsSpec(
  keys: Keys,
  sources: ConfigurationSources,
  warn: Warn,
): Promise<ArtifactsSpec> {
  const spec = {
    artifacts: withImage(keys),
    push: keys.push,
    compression: keys.compression,
    ociCompression: keys['oci-compression'],
    engine: keys.engine,
    buildkit: keys.buildkit,
    output: resolve(keys.output),
    registries: keys.registries,
    lockFile: lockFilePath(keys['lock-file'], sources),
    disk: keys.disk,
    sign: keys.sign,
    sharedCache: keys.cache,
    prove: keys.prove,
    cloudConfig: keys['cloud-config'],
    overlayRootfs: keys['overlay-rootfs'],
    overlayIso: keys['overlay-iso'],
    sbom: keys.sbom,
    failOn: keys['fail-on'],
    sizeBudget: keys['size-budget'],
    builderId: keys['builder-id'],
    audit: keys.audit,
  };
  const { overlayRootfs, overlayIso, cloudConfig } = spec;
  await everyPromise({
    sbom: () => requireSbom(spec),
    proof: () => requireBootable(spec),
    buildkit: () => requireBuildkit(spec.engine, spec.buildkit),
    cloudConfig: () =>
      cloudConfig === undefined || checkCloudConfig(cloudConfig, unsupportedKeys(keys.framework), warn),
    overlayRootfs: () => overlayRootfs === undefined || requireDirectory(overlayRootfs),
    overlayIso: () => overlayIso === undefined || requireDirectory(overlayIso),
  });
  return spec;
}

function requireSbom({ failOn, sbom }: Pick<ArtifactsSpec, 'failOn' | 'sbom'>): void {
  if (failOn === undefined || sbom) return;
  throw new FactoryError('OPTION_CONFLICT', 'fail-on needs an SBOM, but sbom is false', {
    remedy: 'Remove one of the two keys.',
  });
}

/** The artifacts to make: a push needs the image, and the files for booting over the network need the root. */
function withImage({ artifacts, push }: Keys): ArtifactsSpec['artifacts'] {
  const needed: ArtifactKind[] = [
    ...(push === undefined ? [] : (['oci'] as const)),
    ...(artifacts.includes('netboot') ? (['squashfs'] as const) : []),
  ];
  return [...needed.filter((kind) => !artifacts.includes(kind)), ...artifacts];
}

/** Validates the cloud-config before the build. @throws FactoryError `usage` */
async function checkCloudConfig(
  file: string,
  unsupported: NonNullable<ValidationOptions['unsupported']>,
  warn: Warn,
): Promise<void> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new FactoryError('CLOUD_CONFIG_UNREADABLE', `${file}: cannot be read: ${reasonOf(error)}`, {
      remedy: 'Check the path and its permissions.',
      cause: error,
    });
  });
  requireValid(file, text, { unsupported, warn });
}
