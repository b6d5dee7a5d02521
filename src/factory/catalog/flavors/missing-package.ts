import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { LoadedFlavor } from './load.ts';
import type { Conditional, Flavor } from './schema.ts';
import { holds, nameOf, type Target } from './select.ts';

type PackageManager = Flavor['package-manager'];

/**
 * Messages of package managers about an unknown package; the group is a list of names.
 * apt: cmdline/apt-get; dnf 4 and 5; zypper; apk-tools 2 and 3 ("world" is the requested packages).
 */
const MESSAGES: Readonly<Record<PackageManager, readonly RegExp[]>> = {
  apt: [/^E: Unable to locate package (\S+)$/, /^E: Package '([^']+)' has no installation candidate$/],
  dnf: [
    /^No match for argument: (\S+)$/,
    /^(?:Error: )?Unable to find a match: (.+)$/,
    /^No package (\S+) available\.$/,
  ],
  zypper: [
    /^'([^']+)' not found in package names\./,
    /^Package '([^']+)' not found\.$/,
    /^No provider of '([^']+)' found\.$/,
  ],
  apk: [/^(\S+) \(no such package\):$/],
  none: [],
};

/** Extracts the unknown packages from the output of a package manager, without duplicates. */
export function missingPackages(manager: PackageManager, lines: readonly string[]): string[] {
  const names = lines.flatMap((line) => {
    // Builders indent the lines of tools.
    const plain = line.trim();
    return MESSAGES[manager].flatMap((pattern) => (pattern.exec(plain)?.[1] ?? '').split(/\s+/));
  });
  return [...new Set(names.filter((name) => name !== ''))];
}

/** The packages of a build, and their origin. */
export interface PackageSources {
  readonly loaded: LoadedFlavor;
  readonly target: Target;
  readonly kernel: string;
  /** The packages of the key `packages`. */
  readonly packages: readonly string[];
  /** The distribution and its release, for the message: `debian 12`. */
  readonly distribution: string;
}

/**
 * Converts a failed installation into an error that names the package, its role and the flavor file, if a package does not
 * exist.
 * @returns the error unchanged, if it has another reason
 */
export function explainMissingPackage(error: unknown, sources: PackageSources): unknown {
  if (!(error instanceof FactoryError) || error.kind !== 'step') return error;
  const missing = missingPackages(sources.loaded.flavor['package-manager'], error.details);
  const [first, ...others] = missing.map((name) => ({ name, origin: originOf(name, sources) }));
  if (first === undefined) return error;
  const describe = ({ name, origin }: { name: string; origin: string }) => `package "${name}" ${origin}`;
  const own = missing.some((name) => sources.packages.includes(name));
  return new FactoryError('PACKAGE_NOT_FOUND', `${sources.distribution} has no ${describe(first)}`, {
    details: [...others.map((other) => `and no ${describe(other)}`), ...error.details],
    remedy: own
      ? 'Correct or remove the name in "packages"; the package may also be in a repository that the base does not use.'
      : 'Try another release, arch or kernel; or copy the flavor with "kairos-factory flavors eject", correct it and build with the copy.',
    cause: error,
  });
}

/** The origin of a package name: the build itself, or a role in a flavor file. */
function originOf(name: string, { loaded, target, kernel, packages }: PackageSources): string {
  if (packages.includes(name)) return '(key "packages" of this build)';
  const { flavor, locate } = loaded;
  const find = (entries: readonly Conditional[]) =>
    entries.findIndex((entry) => nameOf(entry) === name && holds(entry, target));
  for (const [role, entries] of Object.entries(flavor.packages)) {
    const index = find(entries);
    if (index !== -1) return `(role "${role}", ${locate(['packages', role, index])})`;
  }
  for (const [set, groups] of Object.entries(flavor['package-sets'])) {
    for (const [group, entries] of Object.entries(groups)) {
      const index = find(entries);
      if (index !== -1) return `(set "${set}", ${locate(['package-sets', set, group, index])})`;
    }
  }
  const inKernel = find(flavor.kernels[kernel] ?? []);
  if (inKernel !== -1) return `(kernel "${kernel}", ${locate(['kernels', kernel, inKernel])})`;
  const inRepositories = find(flavor.repositories.packages);
  if (inRepositories !== -1) return `(repositories, ${locate(['repositories', 'packages', inRepositories])})`;
  return '(required by another package)';
}
