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

/** What tells the packages of one build from those of another. */
export interface PackageBuild {
  /** Name of the target, where the configuration has several. */
  readonly target?: string | undefined;
  readonly identity: Pick<ImageIdentity, 'flavor' | 'flavorRelease' | 'variant' | 'arch' | 'model'>;
  /** The kernel of the flavor; absent where it comes from another image. */
  readonly kernel?: string | undefined;
}

/** The name that a lock has the packages of a build under: `[TARGET/]FLAVOR-RELEASE-VARIANT-ARCH-MODEL[/KERNEL]`. */
export function packageLockName({ target, identity, kernel }: PackageBuild): string {
  const { flavor, flavorRelease, variant, arch, model } = identity;
  const image = [flavor, flavorRelease, variant, arch, model].join('-');
  return [target, image, kernel].filter(Boolean).join('/');
}

/** Installed packages in the form of a lock. */
export function packageVersions(packages: readonly InstalledPackage[]): PackageVersions {
  const installed: Record<string, string> = {};
  for (const { name, arch, version } of packages) {
    const key = arch === '' ? name : `${name}:${arch}`;
    // rpm keeps several versions of a kernel side by side.
    installed[key] = installed[key] === undefined ? version : `${installed[key]} ${version}`;
  }
  return installed;
}

/**
 * What a lock file has for a build.
 * @throws FactoryError `usage` when it has nothing, which `--locked` does not take
 */
export function requireLockedPackages(file: string, name: string): LockedPackages {
  const { packages } = readLock(file);
  const found = Object.hasOwn(packages, name) ? packages[name] : undefined;
  if (found !== undefined) return found;
  const known = Object.keys(packages);
  throw new FactoryError(
    'LOCK_ENTRY_MISSING',
    `${file} has no packages for ${name}, and --locked takes nothing else`,
    {
      details: known.length > 0 ? [`it has: ${known.join(', ')}`] : [],
      remedy:
        'Build once without --locked, or run: kairos-factory lock --packages; then look at the lock file and keep it.',
    },
  );
}

/**
 * Refuses an image whose packages are not those of the lock.
 * @param name of the build in the lock
 * @param snapshots whether the flavor's packages can be had as they were on a day of the past
 * @throws FactoryError `verification` that names every package
 */
export function requireSamePackages(
  name: string,
  locked: LockedPackages,
  found: PackageVersions,
  snapshots: boolean,
): void {
  const changes = comparePackages(locked.installed, found);
  if (changes.length === 0) return;
  const count = changes.length === 1 ? '1 package differs' : `${changes.length} packages differ`;
  const past =
    snapshots && locked.archive !== undefined
      ? ` To have the archive as it was then, add: --snapshot ${locked.archive}`
      : '';
  throw new FactoryError('LOCK_DIFFERS', `${name}: ${count} from the lock`, {
    details: changes.map(formatPackageChange),
    remedy: `If the new state is meant, run: kairos-factory lock --update.${past}`,
  });
}

/**
 * Writes into a lock file what was installed in a build.
 * @returns how that differs from what it had; nothing when it had nothing for this build
 * @throws FactoryError as `changeLock` does
 */
export function rememberPackages(file: string, name: string, packages: LockedPackages): PackageChange[] {
  let before: LockedPackages | undefined;
  changeLock(file, (lock) => {
    before = Object.hasOwn(lock.packages, name) ? lock.packages[name] : undefined;
    return { ...lock, packages: { ...lock.packages, [name]: packages } };
  });
  return before === undefined ? [] : comparePackages(before.installed, packages.installed);
}
