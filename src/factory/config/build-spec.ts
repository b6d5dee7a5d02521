import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { z } from 'zod';
import { requireValid } from '../../common/cloud-config/check-source.ts';
import type { ValidationOptions } from '../../common/cloud-config/validate.ts';
import { ARCHES, type Arch, machineArch } from '../../common/contract/architectures.ts';
import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import { formatBaseReference, parseBaseReference } from './base-reference.ts';
import { variantOf } from './kubernetes.ts';
import { type ConfigurationSources, loadConfiguration, loadConfigurations } from './load.ts';
import { selectTargets } from './matrix.ts';
import {
  ArtifactsConfiguration,
  type ArtifactsSpec,
  BuildConfiguration,
  type BuildSpec,
  type FailOn,
  type FrameworkChoice,
  type UserContainerfile,
} from './schema.ts';

/** Hears, line by line, of what is odd but no error. */
type Warn = (line: string) => void;
const ignoreWarnings: Warn = () => undefined;

/** A build of a configuration that may have several. */
export interface BuildTarget {
  /** Unique among the targets; `undefined` where the configuration has a single build. */
  readonly name: string | undefined;
  readonly spec: BuildSpec;
}

/** Merges and validates the configuration of a build. @throws FactoryError `usage` */
export async function loadBuildSpec(
  sources: ConfigurationSources,
  warn: Warn = ignoreWarnings,
): Promise<BuildSpec> {
  return buildSpec(await loadConfiguration(BuildConfiguration, sources, absoluteReference), sources, warn);
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
  warn: Warn = ignoreWarnings,
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
    const spec = await buildSpec(configuration, sources, once);
    all.push({ name, spec: name === undefined ? spec : { ...spec, output: join(spec.output, name) } });
  }
  if (only.length === 0) return all;
  const named = all.flatMap(({ name, spec }) => (name === undefined ? [] : [{ name, spec }]));
  if (named.length > 0) return selectTargets(named, only);
  throw new FactoryError(
    'TARGET_UNKNOWN',
    '--only: the configuration has a single build, which has no name',
    {
      remedy: 'Leave --only out, or write the keys matrix or targets.',
    },
  );
}

async function buildSpec(
  configuration: z.output<typeof BuildConfiguration>,
  sources: ConfigurationSources,
  warn: Warn,
): Promise<BuildSpec> {
  const { flavor, release, base, mirror, snapshot, kernel, model, version, packages, kubernetes, bundles } =
    configuration;
  const common = await artifactsSpec(configuration, sources, warn);
  const releaseOutput = resolve(configuration['release-output']);
  return {
    ...common,
    ...{ flavor, release, base, mirror, snapshot, kernel, model, version, packages, kubernetes, bundles },
    variant: variantOf(configuration.variant, kubernetes),
    arch: configuration.arch ?? defaultArch(),
    containerfile: await userContainerfile(configuration, [common.output, releaseOutput, common.lockFile]),
    kernelFrom: configuration['kernel-from'],
    framework: frameworkChoice(configuration),
    trust: configuration.trust,
    releaseOutput,
    releasePrevious: configuration['release-previous'],
  };
}

interface OwnParts {
  readonly containerfile?: string | undefined;
  readonly 'containerfile-stage': UserContainerfile['stage'];
  readonly 'containerfile-context'?: string | undefined;
  readonly 'kernel-from'?: string | undefined;
  readonly packages: readonly string[];
  readonly snapshot?: string | undefined;
  readonly framework: {
    readonly name: FrameworkChoice['name'];
    readonly source?: string | undefined;
    readonly version?: string | undefined;
  };
}

async function userContainerfile(
  keys: OwnParts,
  products: readonly string[],
): Promise<UserContainerfile | undefined> {
  const file = keys.containerfile;
  if (file === undefined) {
    if (keys['containerfile-context'] === undefined) return undefined;
    throw new FactoryError('OPTION_CONFLICT', 'containerfile-context is given without a containerfile', {
      remedy: 'Name the file with --containerfile.',
    });
  }
  const stats = await stat(file).catch(() => undefined);
  if (!stats?.isFile())
    throw new FactoryError('FILE_NOT_FOUND', `${file} is no file`, {
      remedy: 'Check the path of --containerfile.',
    });
  const context = keys['containerfile-context'] ?? dirname(file);
  await checkDirectory(context);
  return { file, stage: keys['containerfile-stage'], context, products };
}

/** @throws FactoryError `usage` for keys that do not go together */
function frameworkChoice(keys: OwnParts): FrameworkChoice {
  const { name, source, version } = keys.framework;
  if (name === 'builtin') {
    if (source === undefined && version === undefined) return { name };
    throw new FactoryError(
      'OPTION_CONFLICT',
      'the builtin framework has no source and no version to choose',
      {
        remedy: 'Add --framework kairos-init, or leave them out.',
      },
    );
  }
  if (source === undefined) {
    throw new FactoryError(
      'SOURCE_UNSUITABLE',
      'framework kairos-init needs a source: its program, or an image with it',
      {
        remedy: 'Give --framework-source with the path of kairos-init or the reference of its image.',
      },
    );
  }
  const other =
    keys['kernel-from'] !== undefined
      ? 'kernel-from'
      : keys.packages.length > 0
        ? 'packages'
        : keys.snapshot === undefined
          ? undefined
          : 'snapshot';
  if (other !== undefined) {
    throw new FactoryError(
      'OPTION_CONFLICT',
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
  warn: Warn = ignoreWarnings,
): Promise<{ readonly image: string; readonly spec: ArtifactsSpec }> {
  const configuration = await loadConfiguration(ArtifactsConfiguration, sources, absoluteReference);
  return { image: configuration.image, spec: await artifactsSpec(configuration, sources, warn) };
}

/** What `lock` takes of a configuration. */
export interface LockSpec extends Pick<ArtifactsSpec, 'registries' | 'lockFile'> {
  /** Every build that it describes; none where it names neither a flavor nor a base. */
  readonly builds: readonly BuildTarget[];
  /** Of images that no build of it names. */
  readonly arch: string;
}

/** Merges and validates the configuration of builds for what it refers to. @throws FactoryError `usage` */
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
    lockFile: lockFileOf(first?.['lock-file'], sources),
  };
}

/** What `sign` and `verify` take of a configuration: how registries are reached, and who signs. @throws FactoryError `usage` */
export async function loadSigningSpec(
  sources: ConfigurationSources,
): Promise<Pick<ArtifactsSpec, 'registries' | 'sign'>> {
  const all = await loadConfigurations(BuildConfiguration, sources, absoluteReference);
  const first = all[0]?.configuration;
  return { registries: first?.registries ?? [], sign: first?.sign };
}

/** What `push` takes of a configuration; the first of several builds counts. @throws FactoryError `usage` */
export async function loadPushSpec(
  sources: ConfigurationSources,
): Promise<Pick<ArtifactsSpec, 'registries' | 'push' | 'sign' | 'output'>> {
  const [first] = await loadConfigurations(BuildConfiguration, sources, absoluteReference);
  const { registries = [], push, sign, output = 'build' } = first?.configuration ?? {};
  return { registries, push, sign, output: resolve(output) };
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
  throw new FactoryError(
    'ARCH_UNSUPPORTED',
    `no images are made for ${machineArch()}, which this machine is`,
    {
      remedy: `Say which: --arch ${ARCHES.join('|')}.`,
    },
  );
}

type Keys = Pick<
  ArtifactsSpec,
  'artifacts' | 'compression' | 'engine' | 'output' | 'disk' | 'registries' | 'sbom' | 'audit'
> & {
  readonly 'fail-on'?: FailOn | undefined;
  readonly 'builder-id'?: string | undefined;
  readonly sign?: ArtifactsSpec['sign'];
  readonly push?: ArtifactsSpec['push'];
  readonly 'lock-file'?: string | undefined;
  readonly 'cloud-config'?: string | undefined;
  readonly 'overlay-rootfs'?: string | undefined;
  readonly 'overlay-iso'?: string | undefined;
  /** Absent for an image that is ready. */
  readonly framework?: { readonly name: FrameworkChoice['name'] };
};

/** Upstream's agent honours keys that ours does not; which of them a ready image has is not known here. */
function unsupportedKeys(framework: Keys['framework']): NonNullable<ValidationOptions['unsupported']> {
  if (framework === undefined) return 'warn';
  return framework.name === 'builtin' ? 'refuse' : 'ignore';
}

async function artifactsSpec(keys: Keys, sources: ConfigurationSources, warn: Warn): Promise<ArtifactsSpec> {
  const spec = {
    artifacts: withImage(keys),
    push: keys.push,
    compression: keys.compression,
    engine: keys.engine,
    output: resolve(keys.output),
    registries: keys.registries,
    lockFile: lockFileOf(keys['lock-file'], sources),
    disk: keys.disk,
    sign: keys.sign,
    cloudConfig: keys['cloud-config'],
    overlayRootfs: keys['overlay-rootfs'],
    overlayIso: keys['overlay-iso'],
    sbom: keys.sbom,
    failOn: keys['fail-on'],
    builderId: keys['builder-id'],
    audit: keys.audit,
  };
  if (spec.failOn !== undefined && !spec.sbom) {
    throw new FactoryError('OPTION_CONFLICT', 'fail-on reads the SBOM, and sbom is false', {
      remedy: 'Leave one of the two keys out.',
    });
  }
  if (spec.cloudConfig !== undefined) {
    await checkCloudConfig(spec.cloudConfig, unsupportedKeys(keys.framework), warn);
  }
  for (const directory of [spec.overlayRootfs, spec.overlayIso]) {
    if (directory !== undefined) await checkDirectory(directory);
  }
  return spec;
}

/** What is pushed is the image, so it is made too. */
function withImage({ artifacts, push }: Keys): ArtifactsSpec['artifacts'] {
  return push === undefined || artifacts.includes('oci') ? artifacts : ['oci', ...artifacts];
}

/** Refuses what a node could not use, before anything is built. @throws FactoryError `usage` */
async function checkCloudConfig(
  file: string,
  unsupported: NonNullable<ValidationOptions['unsupported']>,
  warn: Warn,
): Promise<void> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new FactoryError('CLOUD_CONFIG_UNREADABLE', `${file}: cannot be read: ${messageOf(error)}`, {
      remedy: 'Check the path and its permissions.',
      cause: error,
    });
  });
  requireValid(file, text, { unsupported, warn });
}

async function checkDirectory(path: string): Promise<void> {
  const stats = await stat(path).catch(() => undefined);
  if (!stats?.isDirectory())
    throw new FactoryError('FILE_NOT_FOUND', `${path} is no directory`, { remedy: 'Check the path.' });
}

function absoluteReference(reference: string, directory: string): string {
  return formatBaseReference(parseBaseReference(reference, directory));
}
