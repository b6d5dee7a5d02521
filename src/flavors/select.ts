import semver from 'semver';
import { FactoryError } from '../errors/factory-error.ts';
import { didYouMean } from '../spec/suggest.ts';
import type { Conditional, Flavor } from './schema.ts';

/** What of a flavor depends on the release and the arch. */
export interface Target {
  readonly arch: string;
  /** Version of the release, such as `12`. */
  readonly releaseVersion: string;
}

/** The packages and units that a flavor means for one target. */
export interface Selection {
  /** All packages, without duplicates, sorted. */
  readonly packages: readonly string[];
  readonly enable: readonly string[];
  readonly mask: readonly string[];
}

/**
 * Resolves the conditions of a flavor.
 * @param kernel a kernel choice of the flavor; `undefined` where the kernel comes from elsewhere
 * @param extraPackages installed besides what the flavor names
 * @throws FactoryError `usage` when the flavor has no such kernel for the target
 */
export function select(
  flavor: Flavor,
  target: Target,
  kernel: string | undefined,
  extraPackages: readonly string[],
): Selection {
  const kernelPackages = kernel === undefined ? [] : packagesOfKernel(flavor, target, kernel);
  const roles = Object.values(flavor.packages).flatMap((entries) => holding(entries, target));
  return {
    packages: [...new Set([...roles, ...kernelPackages, ...extraPackages])].sort(),
    enable: holding(flavor.services.enable, target),
    mask: holding(flavor.services.mask, target),
  };
}

function packagesOfKernel(flavor: Flavor, target: Target, kernel: string): string[] {
  const kernels = Object.hasOwn(flavor.kernels, kernel) ? flavor.kernels[kernel] : undefined;
  const kernelPackages = kernels && holding(kernels, target);
  if (!kernelPackages || kernelPackages.length === 0) {
    const known = Object.keys(flavor.kernels);
    throw new FactoryError(
      'usage',
      `flavor ${flavor.name} has no kernel "${kernel}" for ${target.arch}${didYouMean(kernel, known)}`,
      { remedy: `Choose one of: ${known.join(', ')}.` },
    );
  }
  return kernelPackages;
}

/**
 * The flavor's version of a release.
 * @throws FactoryError `usage` when the flavor does not know it
 */
export function releaseVersion(flavor: Flavor, release: string): string {
  const found = Object.hasOwn(flavor.releases, release) ? flavor.releases[release] : undefined;
  if (found) return found.version;
  const known = Object.keys(flavor.releases);
  throw new FactoryError(
    'usage',
    `flavor ${flavor.name} has no release "${release}"${didYouMean(release, known)}`,
    {
      remedy: `Choose one of: ${known.join(', ')}.`,
    },
  );
}

function holding(entries: readonly Conditional[], target: Target): string[] {
  return entries.flatMap((entry) => {
    if (typeof entry === 'string') return [entry];
    if (entry.arches && !entry.arches.includes(target.arch)) return [];
    const version = semver.coerce(target.releaseVersion);
    if (entry.releases && !(version && semver.satisfies(version, entry.releases))) return [];
    return [entry.name];
  });
}
