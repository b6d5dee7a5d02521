import { compareApkVersions } from './apk-version.ts';
import { compareDebVersions } from './deb-version.ts';
import { compareRpmVersions } from './rpm-version.ts';
import type { PackageType, ReleasedPackage } from './spdx-packages.ts';

/** A package version that is in only one of two releases. */
export interface PackageVersion {
  readonly name: string;
  readonly version: string;
  readonly arch: string;
}

/** A package whose version changed. */
export interface VersionChange {
  readonly name: string;
  readonly arch: string;
  readonly from: string;
  readonly to: string;
}

/** The package changes of an image between two releases; each list is sorted by name. */
export interface PackageChanges {
  readonly added: readonly PackageVersion[];
  readonly removed: readonly PackageVersion[];
  readonly upgraded: readonly VersionChange[];
  readonly downgraded: readonly VersionChange[];
}

const COMPARE: Readonly<Record<PackageType, (a: string, b: string) => number>> = {
  deb: compareDebVersions,
  rpm: compareRpmVersions,
  apk: compareApkVersions,
};

/**
 * Compares the packages of two releases. Package format, name and architecture identify a package. A package that is
 * installed in several versions at once, such as an rpm kernel, is neither upgraded nor downgraded: its versions are added
 * and removed. A version that changed only in spelling, so that the package manager treats both as equal, counts as an
 * upgrade.
 */
export function packageChanges(
  before: readonly ReleasedPackage[],
  after: readonly ReleasedPackage[],
): PackageChanges {
  const old = versionsByPackage(before);
  const now = versionsByPackage(after);
  const added: PackageVersion[] = [];
  const removed: PackageVersion[] = [];
  const upgraded: VersionChange[] = [];
  const downgraded: VersionChange[] = [];
  for (const key of [...new Set([...old.keys(), ...now.keys()])].sort(byKey)) {
    const known = old.get(key) ?? now.get(key);
    if (known === undefined) continue;
    const { name, arch, type } = known;
    const gone = onlyIn(old.get(key), now.get(key));
    const come = onlyIn(now.get(key), old.get(key));
    const from = gone[0];
    const to = come[0];
    const isSingle = old.get(key)?.versions.size === 1 && now.get(key)?.versions.size === 1;
    if (isSingle && from !== undefined && to !== undefined) {
      (COMPARE[type](from, to) > 0 ? downgraded : upgraded).push({ name, arch, from, to });
      continue;
    }
    removed.push(...gone.map((version) => ({ name, version, arch })));
    added.push(...come.map((version) => ({ name, version, arch })));
  }
  return { added, removed, upgraded, downgraded };
}

/** The number of changed packages. */
export function countChanges({ added, removed, upgraded, downgraded }: PackageChanges): number {
  return added.length + removed.length + upgraded.length + downgraded.length;
}

interface Versions extends Omit<ReleasedPackage, 'version'> {
  readonly versions: ReadonlySet<string>;
}

function versionsByPackage(packages: readonly ReleasedPackage[]): Map<string, Versions> {
  const found = new Map<string, Versions>();
  for (const { type, name, version, arch } of packages) {
    const key = [name, arch, type].join('\0');
    const versions = new Set([...(found.get(key)?.versions ?? []), version]);
    found.set(key, { type, name, arch, versions });
  }
  return found;
}

function onlyIn(one: Versions | undefined, other: Versions | undefined): string[] {
  return [...(one?.versions ?? [])].filter((version) => !other?.versions.has(version));
}

function byKey(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
