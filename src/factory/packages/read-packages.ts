import { readApkPackages } from './apk.ts';
import { readDebPackages } from './deb.ts';
import { byName, type InstalledPackage } from './installed-package.ts';
import { readRpmPackages } from './rpm.ts';

export type { InstalledPackage } from './installed-package.ts';

/**
 * Reads the installed packages of a root from the databases of its package managers (dpkg, rpm, apk). Runs no program of the
 * root, writes nothing to it, and follows no link out of it.
 * @param root host path of the tree
 * @returns sorted by name; empty for a root without a package manager
 * @throws FactoryError `step` when a database cannot be read, because an inventory must be complete
 */
export async function readPackages(root: string): Promise<readonly InstalledPackage[]> {
  const found = await Promise.all([readDebPackages(root), readRpmPackages(root), readApkPackages(root)]);
  return found.flat().sort(byName);
}
