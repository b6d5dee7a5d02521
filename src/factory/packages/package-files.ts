import { readApkFiles } from './apk-files.ts';
import { readDebFiles } from './deb-files.ts';
import type { PackageFiles } from './installed-package.ts';
import { readRpmFiles } from './rpm-files.ts';

/**
 * Reads which files of a root belong to which package, from the databases of dpkg, rpm and apk.
 * @param root host path of the tree
 * @throws FactoryError `step` when a database cannot be read
 */
export async function readPackageFiles(root: string): Promise<readonly PackageFiles[]> {
  const found = await Promise.all([readDebFiles(root), readRpmFiles(root), readApkFiles(root)]);
  return found.flat();
}
