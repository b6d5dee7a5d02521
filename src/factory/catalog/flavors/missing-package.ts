import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { LoadedFlavor } from './load.ts';
import type { Conditional, Flavor } from './schema.ts';
import { holds, nameOf, type Target } from './select.ts';

type PackageManager = Flavor['package-manager'];

/**
 * What each package manager prints about a package that it does not have; the last group is a list of names.
 * apt: cmdline/apt-get; dnf 4 and 5; zypper; apk-tools 2 and 3 ("world" stands for what was asked for).
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

/** The packages that a package manager did not know, by what it printed, each once. */
export function missingPackages(manager: PackageManager, lines: readonly string[]): string[] {
  const names = lines.flatMap((line) => {
    // Lines of tools may be coloured or indented, and builders put their own marks in front.
    const plain = line.trim();
    return MESSAGES[manager].flatMap((pattern) => (pattern.exec(plain)?.[1] ?? '').split(/\s+/));
  });
  return [...new Set(names.filter((name) => name !== ''))];
}

/** What a build installs, and where each name comes from. */
export interface PackageSources {
  readonly loaded: LoadedFlavor;
  readonly target: Target;
  readonly kernel: string;
  /** The person's own. */
  readonly packages: readonly string[];
  /** The distribution and its release, for the message: `debian 12`. */
  readonly distribution: string;
}

/**
 * Turns a failed installation into an error that names the package, its role and the flavor file, when the reason is a
 * package that does not exist.
 * @returns the error as it came, when the reason is another one
 */
export function explainMissingPackage(error: unknown, sources: PackageSources): unknown {
  if (!(error instanceof FactoryError) || error.kind !== 'step') return error;
  const missing = missingPackages(sources.loaded.flavor['package-manager'], error.details);
  const [first, ...others] = missing.map((name) => ({ name, origin: originOf(name, sources) }));
  if (first === undefined) return error;
  const tell = ({ name, origin }: { name: string; origin: string }) => `package "${name}" ${origin}`;
  const own = missing.some((name) => sources.packages.includes(name));
  return new FactoryError('PACKAGE_NOT_FOUND', `${sources.distribution} has no ${tell(first)}`, {
    details: [...others.map((other) => `and no ${tell(other)}`), ...error.details],
    remedy: own
      ? 'Correct the name in "packages", or take it out; the package may also be in a repository that the base does not use.'
      : 'Another release, arch or kernel may have it; or copy the flavor, correct it and build with the copy: kairos-factory flavors eject.',
    cause: error,
  });
}

/** Where a name was asked for: in the build itself, or in which role of which flavor file. */
function originOf(name: string, { loaded, target, kernel, packages }: PackageSources): string {
  if (packages.includes(name)) return '(of the key "packages" of this build)';
  const { flavor, locate } = loaded;
  const find = (entries: readonly Conditional[]) =>
    entries.findIndex((entry) => nameOf(entry) === name && holds(entry, target));
  for (const [role, entries] of Object.entries(flavor.packages)) {
    const index = find(entries);
    if (index !== -1) return `(role "${role}", ${locate(['packages', role, index])})`;
  }
  const inKernel = find(flavor.kernels[kernel] ?? []);
  if (inKernel !== -1) return `(kernel "${kernel}", ${locate(['kernels', kernel, inKernel])})`;
  const inRepositories = find(flavor.repositories.packages);
  if (inRepositories !== -1) return `(repositories, ${locate(['repositories', 'packages', inRepositories])})`;
  return '(asked for by another package)';
}
