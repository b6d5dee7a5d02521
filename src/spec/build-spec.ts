import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { formatReference, parseReference } from '../base/reference.ts';
import { requireValid } from '../cloud-config/check-source.ts';
import { FactoryError, messageOf } from '../errors/factory-error.ts';
import { type ConfigurationSources, loadConfiguration } from './load.ts';
import {
  ArtifactsConfiguration,
  type ArtifactsSpec,
  BuildConfiguration,
  type BuildSpec,
  type FrameworkChoice,
  type UserContainerfile,
} from './schema.ts';

/** Hears, line by line, of what is odd but no error. */
type Warn = (line: string) => void;
const unheard: Warn = () => undefined;

/** Merges and validates the configuration of a build. @throws FactoryError `usage` */
export async function loadBuildSpec(sources: ConfigurationSources, warn: Warn = unheard): Promise<BuildSpec> {
  const configuration = await loadConfiguration(BuildConfiguration, sources, absoluteReference);
  const { flavor, mirror, kernel, model, arch, variant, version, packages } = configuration;
  return {
    ...(await artifactsSpec(configuration, warn)),
    ...{ flavor, mirror, kernel, model, arch, variant, version, packages },
    base: configuration.base ?? 'bootstrap:',
    containerfile: await userContainerfile(configuration),
    kernelFrom: configuration['kernel-from'],
    framework: frameworkChoice(configuration),
  };
}

interface OwnParts {
  readonly containerfile?: string | undefined;
  readonly 'containerfile-stage': UserContainerfile['stage'];
  readonly 'containerfile-context'?: string | undefined;
  readonly 'kernel-from'?: string | undefined;
  readonly packages: readonly string[];
  readonly framework: {
    readonly name: FrameworkChoice['name'];
    readonly source?: string | undefined;
    readonly version?: string | undefined;
  };
}

async function userContainerfile(keys: OwnParts): Promise<UserContainerfile | undefined> {
  const file = keys.containerfile;
  if (file === undefined) {
    if (keys['containerfile-context'] === undefined) return undefined;
    throw new FactoryError('usage', 'containerfile-context is given without a containerfile', {
      remedy: 'Name the file with --containerfile.',
    });
  }
  const stats = await stat(file).catch(() => undefined);
  if (!stats?.isFile())
    throw new FactoryError('usage', `${file} is no file`, { remedy: 'Check the path of --containerfile.' });
  const context = keys['containerfile-context'] ?? dirname(file);
  await checkDirectory(context);
  return { file, stage: keys['containerfile-stage'], context };
}

/** @throws FactoryError `usage` for keys that do not go together */
function frameworkChoice(keys: OwnParts): FrameworkChoice {
  const { name, source, version } = keys.framework;
  if (name === 'builtin') {
    if (source === undefined && version === undefined) return { name };
    throw new FactoryError('usage', 'the builtin framework has no source and no version to choose', {
      remedy: 'Add --framework kairos-init, or leave them out.',
    });
  }
  if (source === undefined) {
    throw new FactoryError(
      'usage',
      'framework kairos-init needs a source: its program, or an image with it',
      {
        remedy: 'Give --framework-source with the path of kairos-init or the reference of its image.',
      },
    );
  }
  const other =
    keys['kernel-from'] !== undefined ? 'kernel-from' : keys.packages.length > 0 ? 'packages' : undefined;
  if (other !== undefined) {
    throw new FactoryError(
      'usage',
      `${other} does not go with framework kairos-init, which installs by itself`,
      {
        remedy: 'Leave it out; a --containerfile can install more.',
      },
    );
  }
  return { name, source, version };
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
