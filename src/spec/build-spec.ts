import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { formatReference, parseReference } from '../base/reference.ts';
import { requireValid } from '../cloud-config/check-source.ts';
import { FactoryError, messageOf } from '../errors/factory-error.ts';
import { variantOf } from './kubernetes.ts';
import { type ConfigurationSources, loadConfiguration } from './load.ts';
import { ArtifactsConfiguration, type ArtifactsSpec, BuildConfiguration, type BuildSpec } from './schema.ts';

/** Hears, line by line, of what is odd but no error. */
type Warn = (line: string) => void;
const unheard: Warn = () => undefined;

/** Merges and validates the configuration of a build. @throws FactoryError `usage` */
export async function loadBuildSpec(sources: ConfigurationSources, warn: Warn = unheard): Promise<BuildSpec> {
  const configuration = await loadConfiguration(BuildConfiguration, sources, absoluteReference);
  const { flavor, mirror, kernel, model, arch, version, packages, kubernetes, bundles } = configuration;
  return {
    ...(await artifactsSpec(configuration, warn)),
    ...{ flavor, mirror, kernel, model, arch, version, packages, kubernetes, bundles },
    variant: variantOf(configuration.variant, kubernetes),
    base: configuration.base ?? 'bootstrap:',
  };
}

/** Merges and validates the configuration of artifacts from a ready image. @throws FactoryError `usage` */
export async function loadArtifactsSpec(
  sources: ConfigurationSources,
  warn: Warn = unheard,
): Promise<{ readonly image: string; readonly spec: ArtifactsSpec }> {
  const configuration = await loadConfiguration(ArtifactsConfiguration, sources, absoluteReference);
  return { image: configuration.image, spec: await artifactsSpec(configuration, warn) };
}

type Keys = Pick<ArtifactsSpec, 'artifacts' | 'compression' | 'output' | 'disk'> & {
  readonly 'cloud-config'?: string | undefined;
  readonly 'overlay-rootfs'?: string | undefined;
  readonly 'overlay-iso'?: string | undefined;
};

async function artifactsSpec(keys: Keys, warn: Warn): Promise<ArtifactsSpec> {
  const spec = {
    artifacts: keys.artifacts,
    compression: keys.compression,
    output: resolve(keys.output),
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
