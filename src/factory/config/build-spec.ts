import { join, resolve } from 'node:path';
import type { z } from 'zod';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { artifactsSpec, ignoreWarnings, type Warn } from './artifacts-spec.ts';
import { absoluteReference } from './base-reference.ts';
import { userContainerfile } from './containerfile-spec.ts';
import { defaultArch } from './default-arch.ts';
import { frameworkChoice } from './framework-choice.ts';
import { variantOf } from './kubernetes.ts';
import { type ConfigurationSources, loadConfiguration, loadConfigurations } from './load.ts';
import { selectTargets } from './matrix.ts';
import { BuildConfiguration, type BuildSpec } from './schema.ts';

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
  const seen = new Set<string>();
  const once = (line: string) => {
    if (!seen.has(line)) warn(line);
    seen.add(line);
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

/** The specification of one build of a configuration. @throws FactoryError `usage` */
export async function buildSpec(
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
