import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { formatReference, parseReference, type Reference } from '../base/reference.ts';
import { requireValid } from '../cloud-config/check-source.ts';
import { FactoryError, messageOf } from '../errors/factory-error.ts';
import { ARCHES, type Arch, machineArch } from '../layout/architectures.ts';
import { type ConfigurationSources, loadConfiguration } from './load.ts';
import { ArtifactsConfiguration, type ArtifactsSpec, BuildConfiguration, type BuildSpec } from './schema.ts';

/** Hears, line by line, of what is odd but no error. */
type Warn = (line: string) => void;
const unheard: Warn = () => undefined;

/** Merges and validates the configuration of a build. @throws FactoryError `usage` */
export async function loadBuildSpec(sources: ConfigurationSources, warn: Warn = unheard): Promise<BuildSpec> {
  const configuration = await loadConfiguration(BuildConfiguration, sources, absoluteReference);
  const { flavor, release, base, mirror, kernel, model, variant, version, packages } = configuration;
  return {
    ...(await artifactsSpec(configuration, sources, warn)),
    ...{ flavor, release, base, mirror, kernel, model, variant, version, packages },
    arch: configuration.arch ?? defaultArch(),
  };
}

/** Merges and validates the configuration of artifacts from a ready image. @throws FactoryError `usage` */
export async function loadArtifactsSpec(
  sources: ConfigurationSources,
  warn: Warn = unheard,
): Promise<{ readonly image: string; readonly spec: ArtifactsSpec }> {
  const configuration = await loadConfiguration(ArtifactsConfiguration, sources, absoluteReference);
  return { image: configuration.image, spec: await artifactsSpec(configuration, sources, warn) };
}

/** What `lock` takes of a configuration. */
export interface LockSpec extends Pick<ArtifactsSpec, 'registries' | 'lockFile'> {
  /** All that a build of it would take; absent when there is nothing to build. */
  readonly references: readonly Reference[] | undefined;
  readonly arch: string;
}

/** Merges and validates the configuration of a build for what it refers to. @throws FactoryError `usage` */
export async function loadLockSpec(sources: ConfigurationSources): Promise<LockSpec> {
  const schema = BuildConfiguration.partial({ flavor: true });
  const configuration = await loadConfiguration(schema, sources, absoluteReference);
  const { flavor, base, arch, registries } = configuration;
  return {
    references:
      flavor === undefined && base === undefined ? undefined : [parseReference(base ?? 'bootstrap:', '/')],
    arch: arch ?? defaultArch(),
    registries,
    lockFile: lockFileOf(configuration['lock-file'], sources),
  };
}

/** Name of the lock file, which lies beside the configuration file, or in the working directory where there is none. */
const LOCK_FILE = 'kairos-factory.lock';

/** Path of the lock file, which need not be there. */
function lockFileOf(named: string | undefined, { file }: ConfigurationSources): string {
  return resolve(named ?? join(file === undefined ? '.' : dirname(file), LOCK_FILE));
}

/** What a person with no wish means: an image for a machine like this one. @throws FactoryError `usage` where there is none */
function defaultArch(): Arch {
  const found = ARCHES.find((arch) => arch === machineArch());
  if (found !== undefined) return found;
  throw new FactoryError('usage', `no images are made for ${machineArch()}, which this machine is`, {
    remedy: `Say which: --arch ${ARCHES.join('|')}.`,
  });
}

type Keys = Pick<ArtifactsSpec, 'artifacts' | 'compression' | 'engine' | 'output' | 'disk' | 'registries'> & {
  readonly 'lock-file'?: string | undefined;
  readonly 'cloud-config'?: string | undefined;
  readonly 'overlay-rootfs'?: string | undefined;
  readonly 'overlay-iso'?: string | undefined;
};

async function artifactsSpec(keys: Keys, sources: ConfigurationSources, warn: Warn): Promise<ArtifactsSpec> {
  const spec = {
    artifacts: keys.artifacts,
    compression: keys.compression,
    engine: keys.engine,
    output: resolve(keys.output),
    registries: keys.registries,
    lockFile: lockFileOf(keys['lock-file'], sources),
    disk: keys.disk,
    cloudConfig: keys['cloud-config'],
    overlayRootfs: keys['overlay-rootfs'],
    overlayIso: keys['overlay-iso'],
  };
  if (spec.cloudConfig !== undefined) await checkCloudConfig(spec.cloudConfig, warn);
  for (const directory of [spec.overlayRootfs, spec.overlayIso]) {
    if (directory !== undefined) await checkDirectory(directory);
  }
  return spec;
}

/** Refuses what a node could not use, before anything is built. @throws FactoryError `usage` */
async function checkCloudConfig(file: string, warn: Warn): Promise<void> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new FactoryError('usage', `${file}: cannot be read: ${messageOf(error)}`, {
      remedy: 'Check the path and its permissions.',
      cause: error,
    });
  });
  requireValid(file, text, { strict: false, warn });
}

async function checkDirectory(path: string): Promise<void> {
  const stats = await stat(path).catch(() => undefined);
  if (!stats?.isDirectory())
    throw new FactoryError('usage', `${path} is no directory`, { remedy: 'Check the path.' });
}

function absoluteReference(reference: string, directory: string): string {
  return formatReference(parseReference(reference, directory));
}
