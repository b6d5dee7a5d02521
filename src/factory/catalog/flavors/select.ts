import semver from 'semver';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { didYouMean } from '../../../common/text/suggest.ts';
import { type Conditional, type Flavor, type Release, withoutLeadingZeros } from './schema.ts';

/** The target that conditions of a flavor are evaluated for. */
export interface Target {
  readonly arch: string;
  /** Version of the release, such as `12`. */
  readonly releaseVersion: string;
  /** `core`, or `standard` for an image with Kubernetes; `core` when absent. */
  readonly variant?: string;
}

/** The packages, repositories and services of a flavor for one target. */
export interface Selection {
  /** All packages, without duplicates, sorted. */
  readonly packages: readonly string[];
  /** Packages that are installed first, because they add repositories. */
  readonly repositoryPackages: readonly string[];
  /** Repositories of the base to enable. */
  readonly repositories: readonly string[];
  readonly enable: readonly string[];
  readonly mask: readonly string[];
  readonly disable: readonly string[];
  readonly unmask: readonly string[];
  /** OpenRC: pairs of runlevel and service. */
  readonly runlevels: readonly (readonly [string, string])[];
}

/** Options of {@link select}. */
export interface SelectOptions {
  /** A kernel choice of the flavor; `undefined` if the kernel comes from another image. */
  readonly kernel: string | undefined;
  /** Names of package sets, in addition to the one of the variant. */
  readonly packageSets?: readonly string[];
  /** Packages to install in addition to those of the flavor. */
  readonly extraPackages?: readonly string[];
}

/** The package set that belongs to the variant `standard`, if the flavor has it. */
const KUBERNETES_SET = 'kubernetes';

/**
 * Resolves the conditions of a flavor.
 * @throws FactoryError `usage` when the flavor has no such kernel for the target, or no such package set
 */
export function select(
  flavor: Flavor,
  target: Target,
  { kernel, packageSets = [], extraPackages = [] }: SelectOptions,
): Selection {
  const kernelPackages = kernel === undefined ? [] : packagesOfKernel(flavor, target, kernel);
  const roles = Object.values(flavor.packages).flatMap((entries) => holding(entries, target));
  const sets = [...setsOfVariant(flavor, target), ...packageSets].flatMap((name) =>
    packagesOfSet(flavor, target, name),
  );
  const { services, repositories } = flavor;
  return {
    packages: [...new Set([...roles, ...sets, ...kernelPackages, ...extraPackages])].sort(),
    repositoryPackages: holding(repositories.packages, target),
    repositories: holding(repositories.enable, target),
    enable: holding(services.enable, target),
    mask: holding(services.mask, target),
    disable: holding(services.disable, target),
    unmask: holding(services.unmask, target),
    runlevels: Object.entries(services.runlevels).flatMap(([runlevel, entries]) =>
      holding(entries, target).map((service) => [runlevel, service] as const),
    ),
  };
}

/** Roles of packages that a kernel needs, to boot and to get an initramfs. */
const KERNEL_ROLES = ['boot', 'disk', 'initramfs'];

/**
 * The packages of a root that only provides a kernel.
 * @throws FactoryError `usage` when the flavor has no such kernel for the target
 */
export function kernelRootPackages(flavor: Flavor, target: Target, kernel: string): string[] {
  const roles = KERNEL_ROLES.flatMap((role) => holding(flavor.packages[role] ?? [], target));
  return [...new Set([...roles, ...packagesOfKernel(flavor, target, kernel)])].sort();
}

/**
 * Checks before the build that the flavor has a kernel of that name for some target.
 * @throws FactoryError `usage`
 */
export function requireKernel(flavor: Flavor, kernel: string): void {
  if (!Object.hasOwn(flavor.kernels, kernel)) throw noKernel(flavor, kernel);
}

/**
 * Checks before the build that the flavor has package sets of these names.
 * @throws FactoryError `usage`
 */
export function requirePackageSets(flavor: Flavor, names: readonly string[]): void {
  const known = Object.keys(flavor['package-sets']);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new FactoryError(
    'PACKAGE_SET_UNKNOWN',
    `flavor ${flavor.name} has no package set "${unknown}"${didYouMean(unknown, known)}`,
    {
      remedy:
        known.length > 0
          ? `Choose from: ${known.join(', ')}; or name single packages in "packages".`
          : 'Name single packages in "packages".',
    },
  );
}

function setsOfVariant(flavor: Flavor, { variant }: Target): string[] {
  const has = Object.hasOwn(flavor['package-sets'], KUBERNETES_SET);
  return variant === 'standard' && has ? [KUBERNETES_SET] : [];
}

function packagesOfSet(flavor: Flavor, target: Target, name: string): string[] {
  requirePackageSets(flavor, [name]);
  return Object.values(flavor['package-sets'][name] ?? {}).flatMap((entries) => holding(entries, target));
}

function packagesOfKernel(flavor: Flavor, target: Target, kernel: string): string[] {
  requireKernel(flavor, kernel);
  const kernelPackages = holding(flavor.kernels[kernel] ?? [], target);
  if (kernelPackages.length === 0) throw noKernel(flavor, kernel, ` for ${target.arch}`);
  return kernelPackages;
}

function noKernel(flavor: Flavor, kernel: string, where = ''): FactoryError {
  const known = Object.keys(flavor.kernels);
  const text = `flavor ${flavor.name} has no kernel "${kernel}"${where}${didYouMean(kernel, known)}`;
  return new FactoryError('KERNEL_UNKNOWN', text, { remedy: `Choose one of: ${known.join(', ')}.` });
}

/**
 * Finds a release of the flavor by its key, suite or version.
 * @throws FactoryError `usage` when the flavor has no such release
 */
export function findRelease(flavor: Flavor, release: string): Release & { readonly key: string } {
  const entries = Object.entries(flavor.releases);
  const found =
    entries.find(([key]) => key === release) ??
    entries.find(([, { suite, version }]) => suite === release || version === release);
  if (found) return { ...found[1], key: found[0] };
  const known = entries.map(([key]) => key);
  throw new FactoryError(
    'RELEASE_UNKNOWN',
    `flavor ${flavor.name} has no release "${release}"${didYouMean(release, known)}`,
    { remedy: `Choose one of: ${known.join(', ')}.` },
  );
}

/**
 * Returns the version of a release of the flavor.
 * @throws FactoryError `usage` when the flavor has no such release
 */
export function releaseVersion(flavor: Flavor, release: string): string {
  return findRelease(flavor, release).version;
}

/** Whether the conditions of an entry hold for a target. */
export function holds(entry: Conditional, target: Target): boolean {
  if (typeof entry === 'string') return true;
  if (entry.arches && !entry.arches.includes(target.arch)) return false;
  if (entry.variants && !entry.variants.some((variant) => variant === (target.variant ?? 'core')))
    return false;
  const version = semver.coerce(withoutLeadingZeros(target.releaseVersion));
  return !entry.releases || (version !== null && semver.satisfies(version, entry.releases));
}

/** The package or unit that an entry names. */
export function nameOf(entry: Conditional): string {
  return typeof entry === 'string' ? entry : entry.name;
}

/** The names whose conditions hold for a target. */
export function holding(entries: readonly Conditional[], target: Target): string[] {
  return entries.filter((entry) => holds(entry, target)).map(nameOf);
}
