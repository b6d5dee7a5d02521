import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { formatReference, parseReference } from '../base/reference.ts';
import { FactoryError } from '../errors/factory-error.ts';
import { type ConfigurationSources, loadConfiguration } from './load.ts';
import { ArtifactsConfiguration, type ArtifactsSpec, BuildConfiguration, type BuildSpec } from './schema.ts';
import { readYaml } from './yaml-source.ts';

/** First lines that make a YAML file a cloud-config (contract 4.1). */
const HEADERS = ['#cloud-config', '#kairos-config', '#node-config'];
const HEADER_LINES = 10;
const CLOUD_CONFIG_LIMIT = 1024 * 1024;

/** Merges and validates the configuration of a build. @throws FactoryError `usage` */
export async function loadBuildSpec(sources: ConfigurationSources): Promise<BuildSpec> {
  const configuration = await loadConfiguration(BuildConfiguration, sources, absoluteReference);
  const { flavor, mirror, kernel, model, arch, variant, version, packages } = configuration;
  return {
    ...(await artifactsSpec(configuration)),
    ...{ flavor, mirror, kernel, model, arch, variant, version, packages },
    base: configuration.base ?? 'bootstrap:',
  };
}

/** Merges and validates the configuration of artifacts from a ready image. @throws FactoryError `usage` */
export async function loadArtifactsSpec(
  sources: ConfigurationSources,
): Promise<{ readonly image: string; readonly spec: ArtifactsSpec }> {
  const configuration = await loadConfiguration(ArtifactsConfiguration, sources, absoluteReference);
  return { image: configuration.image, spec: await artifactsSpec(configuration) };
}

type Keys = Pick<ArtifactsSpec, 'artifacts' | 'compression' | 'output' | 'disk'> & {
  readonly 'cloud-config'?: string | undefined;
  readonly 'overlay-rootfs'?: string | undefined;
  readonly 'overlay-iso'?: string | undefined;
};

async function artifactsSpec(keys: Keys): Promise<ArtifactsSpec> {
  const spec = {
    artifacts: keys.artifacts,
    compression: keys.compression,
    output: resolve(keys.output),
    disk: keys.disk,
    cloudConfig: keys['cloud-config'],
    overlayRootfs: keys['overlay-rootfs'],
    overlayIso: keys['overlay-iso'],
  };
  if (spec.cloudConfig !== undefined) await checkCloudConfig(spec.cloudConfig);
  for (const directory of [spec.overlayRootfs, spec.overlayIso]) {
    if (directory !== undefined) await checkDirectory(directory);
  }
  return spec;
}

async function checkCloudConfig(file: string): Promise<void> {
  await readYaml(file);
  const text = await readFile(file, 'utf8');
  if (Buffer.byteLength(text) > CLOUD_CONFIG_LIMIT) {
    throw new FactoryError('usage', `${file}: a cloud-config has at most 1 MiB`, { remedy: 'Split it.' });
  }
  const start = text.split('\n').slice(0, HEADER_LINES);
  if (!start.some((line) => HEADERS.includes(line.trim()))) {
    throw new FactoryError('usage', `${file}:1:1: none of the first ten lines is ${HEADERS.join(' or ')}`, {
      remedy: `Make ${HEADERS[0]} its first line; without it a node ignores the file.`,
    });
  }
}

async function checkDirectory(path: string): Promise<void> {
  const stats = await stat(path).catch(() => undefined);
  if (!stats?.isDirectory())
    throw new FactoryError('usage', `${path} is no directory`, { remedy: 'Check the path.' });
}

function absoluteReference(reference: string, directory: string): string {
  return formatReference(parseReference(reference, directory));
}
