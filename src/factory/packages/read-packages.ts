import { readApkPackages } from './apk.ts';
import { readDebPackages } from './deb.ts';
import { byName, type InstalledPackage } from './installed-package.ts';
import { readRpmPackages } from './rpm.ts';

export type { InstalledPackage } from './installed-package.ts';

/**
 * Reads what is installed in a root from the databases of its package managers (dpkg, rpm, apk). Nothing of the root is
 * run, nothing is written to it, and nothing is followed outside of it.
 * @param root host path of the tree
 * @returns sorted by name; empty for a root without a package manager
 * @throws FactoryError `step` when there is a database that cannot be read: an inventory is whole or is none
 */
export async function readPackages(root: string): Promise<readonly InstalledPackage[]> {
  const found = await Promise.all([readDebPackages(root), readRpmPackages(root), readApkPackages(root)]);
  return found.flat().sort(byName);
}
