import type { ImageIdentity } from '../../../common/contract/kairos-release.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { InstalledPackage } from '../../packages/installed-package.ts';
import { changeLock, type LockedPackages, readLock } from './lock-file.ts';
import {
  comparePackages,
  formatPackageChange,
  type PackageChange,
  type PackageVersions,
} from './package-changes.ts';

/** Identifies a build in the lock. */
export interface PackageBuild {
  /** Name of the target, if the configuration has several. */
  readonly target?: string | undefined;
  readonly identity: Pick<ImageIdentity, 'flavor' | 'flavorRelease' | 'variant' | 'arch' | 'model'>;
  /** The kernel of the flavor; absent when the kernel comes from another image. */
  readonly kernel?: string | undefined;
}

/** Returns the key of a build's packages in the lock: `[TARGET/]FLAVOR-RELEASE-VARIANT-ARCH-MODEL[/KERNEL]`. */
export function packageLockName({ target, identity, kernel }: PackageBuild): string {
  const { flavor, flavorRelease, variant, arch, model } = identity;
  const image = [flavor, flavorRelease, variant, arch, model].join('-');
  return [target, image, kernel].filter(Boolean).join('/');
}

/** Converts installed packages to the form of the lock: versions by `NAME:ARCH`. */
export function packageVersions(packages: readonly InstalledPackage[]): PackageVersions {
  const installed: Record<string, string> = {};
  for (const { name, arch, version } of packages) {
    const key = arch === '' ? name : `${name}:${arch}`;
    // rpm can install several versions of a kernel at once.
    installed[key] = installed[key] === undefined ? version : `${installed[key]} ${version}`;
  }
  return installed;
}

/**
 * Returns the locked packages of a build, for `--locked`.
 * @throws FactoryError `usage` when the lock file has none
 */
export function requireLockedPackages(file: string, name: string): LockedPackages {
  const { packages } = readLock(file);
  const found = Object.hasOwn(packages, name) ? packages[name] : undefined;
  if (found !== undefined) return found;
  const known = Object.keys(packages);
  throw new FactoryError(
    'LOCK_ENTRY_MISSING',
    `${file} has no packages for ${name}, which --locked requires`,
    {
      details: known.length > 0 ? [`it has: ${known.join(', ')}`] : [],
      remedy:
        'Build once without --locked, or run: kairos-factory lock --packages; then review the lock file and keep it.',
    },
  );
}

/**
 * Checks that an image has the packages of the lock.
 * @param name key of the build in the lock
 * @param packages.hasSnapshots whether the flavor has an archive of past package versions
 * @throws FactoryError `verification` that lists every package that differs
 */
export function requireSamePackages(
  name: string,
  {
    locked,
    found,
    hasSnapshots,
  }: {
    readonly locked: LockedPackages;
    readonly found: PackageVersions;
    readonly hasSnapshots: boolean;
  },
): void {
  const changes = comparePackages(locked.installed, found);
  if (changes.length === 0) return;
  const count = changes.length === 1 ? '1 package differs' : `${changes.length} packages differ`;
  const snapshotHint =
    hasSnapshots && locked.archive !== undefined
      ? ` To use the archive of that time, add: --snapshot ${locked.archive}`
      : '';
  throw new FactoryError('LOCK_DIFFERS', `${name}: ${count} from the lock`, {
    details: changes.map(formatPackageChange),
    remedy: `If the change is intended, run: kairos-factory lock --update.${snapshotHint}`,
  });
}

/**
 * Records the packages of a build in a lock file.
 * @returns the changes from the previous record; empty when there was none
 * @throws FactoryError as `changeLock` does
 */
export async function rememberPackages(
  file: string,
  name: string,
  packages: LockedPackages,
): Promise<PackageChange[]> {
  const lock = await changeLock(file, (old) => ({ ...old, packages: { ...old.packages, [name]: packages } }));
  const before = Object.hasOwn(lock.packages, name) ? lock.packages[name] : undefined;
  return before === undefined ? [] : comparePackages(before.installed, packages.installed);
}
