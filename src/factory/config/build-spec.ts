import { join, resolve } from 'node:path';
import type { z } from 'zod';
import { everyPromise } from '../../common/errors/every-result.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { artifactsSpec, ignoreWarnings, type Warn } from './artifacts-spec.ts';
import { absoluteReference } from './base-reference.ts';
import { userContainerfile } from './containerfile-spec.ts';
import { defaultArch } from './default-arch.ts';
import { frameworkChoice } from './framework-choice.ts';
import { variantOf } from './kubernetes.ts';
import { type ConfigurationSources, loadConfiguration, loadConfigurations } from './load.ts';
import { lockFilePath } from './lock-file-path.ts';
import { selectTargets } from './matrix.ts';
import { requireHooks } from './require-hooks.ts';
import { BuildConfiguration, type BuildSpec } from './schema.ts';

/** One of the builds of a configuration. */
export interface BuildTarget {
  /** Unique among the targets; `undefined` if the configuration has a single build. */
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
 * Merges and validates a configuration with one or several targets. All targets are validated, selected or not. The artifacts
 * of a target go to a directory of its name in the output directory.
 * @param only patterns of the names of the targets to return; all when empty
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
  throw new FactoryError('TARGET_UNKNOWN', '--only: the configuration has a single build without a name', {
    remedy: 'Remove --only, or add the keys matrix or targets.',
  });
}

/** Derives the specification of one build from its configuration. @throws FactoryError `usage` */
export async function buildSpec(
  configuration: z.output<typeof BuildConfiguration>,
  sources: ConfigurationSources,
  warn: Warn,
): Promise<BuildSpec> {
  const releaseOutput = resolve(configuration['release-output']);
  const products = [
    resolve(configuration.output),
    releaseOutput,
    lockFilePath(configuration['lock-file'], sources),
  ];
  const { common, ...own } = await everyPromise({
    common: () => artifactsSpec(configuration, sources, warn),
    arch: () => configuration.arch ?? defaultArch(),
    variant: () => variantOf(configuration.variant, configuration.kubernetes),
    framework: () => frameworkChoice(configuration),
    containerfile: () => userContainerfile(configuration, products),
    hooks: () => requireHooks(configuration.hooks),
  });
  return {
    ...common,
    ...own,
    flavor: configuration.flavor,
    release: configuration.release,
    base: configuration.base,
    mirror: configuration.mirror,
    snapshot: configuration.snapshot,
    kernel: configuration.kernel,
    model: configuration.model,
    version: configuration.version,
    packages: configuration.packages,
    installPackages: configuration['install-packages'],
    packageSets: configuration['package-sets'],
    kubernetes: configuration.kubernetes,
    bundles: configuration.bundles,
    kernelFrom: configuration['kernel-from'],
    netboot: configuration.netboot || common.artifacts.includes('netboot'),
    trust: configuration.trust,
    releaseOutput,
    releasePrevious: configuration['release-previous'],
  };
}
