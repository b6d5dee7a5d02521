import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { z } from 'zod';
import { formatReference, parseReference } from '../base/reference.ts';
import { requireValid } from '../cloud-config/check-source.ts';
import { FactoryError, messageOf } from '../errors/factory-error.ts';
import { variantOf } from './kubernetes.ts';
import { type ConfigurationSources, loadConfiguration, loadConfigurations } from './load.ts';
import { selectTargets } from './matrix.ts';
import { ArtifactsConfiguration, type ArtifactsSpec, BuildConfiguration, type BuildSpec } from './schema.ts';

/** Hears, line by line, of what is odd but no error. */
type Warn = (line: string) => void;
const unheard: Warn = () => undefined;

/** A build of a configuration that may have several. */
export interface BuildTarget {
  /** Unique among the targets; `undefined` where the configuration has a single build. */
  readonly name: string | undefined;
  readonly spec: BuildSpec;
}

/** Merges and validates the configuration of a build. @throws FactoryError `usage` */
export async function loadBuildSpec(sources: ConfigurationSources, warn: Warn = unheard): Promise<BuildSpec> {
  return buildSpec(await loadConfiguration(BuildConfiguration, sources, absoluteReference), warn);
}

/**
 * Merges and validates a configuration that may have several targets: every one of them, whichever are wanted. Each
 * target's artifacts go to a directory of its name in the output directory.
 * @param only patterns of the names of those that are wanted; all when empty
 * @throws FactoryError `usage`
 */
export async function loadBuildTargets(
  sources: ConfigurationSources,
  only: readonly string[],
  warn: Warn = unheard,
): Promise<BuildTarget[]> {
  const heard = new Set<string>();
  const once = (line: string) => {
    if (!heard.has(line)) warn(line);
    heard.add(line);
  };
  const all: BuildTarget[] = [];
  for (const { name, configuration } of await loadConfigurations(
    BuildConfiguration,
    sources,
    absoluteReference,
  )) {
    const spec = await buildSpec(configuration, once);
    all.push({ name, spec: name === undefined ? spec : { ...spec, output: join(spec.output, name) } });
  }
  if (only.length === 0) return all;
  const named = all.flatMap(({ name, spec }) => (name === undefined ? [] : [{ name, spec }]));
  if (named.length > 0) return selectTargets(named, only);
  throw new FactoryError('usage', '--only: the configuration has a single build, which has no name', {
    remedy: 'Leave --only out, or write the keys matrix or targets.',
  });
}

async function buildSpec(configuration: z.output<typeof BuildConfiguration>, warn: Warn): Promise<BuildSpec> {
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
