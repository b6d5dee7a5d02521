import { readDebPackages } from './deb.ts';
import type { PackageFiles } from './installed-package.ts';
import { readTextInRoot } from './read-in-root.ts';

/** Lists of dpkg(1): `NAME.list`, and `NAME:ARCH.list` for packages that may be installed for several architectures. */
const LISTS = '/var/lib/dpkg/info';

/** Reads which files dpkg installed for each package. */
export async function readDebFiles(root: string): Promise<PackageFiles[]> {
  const packages = await readDebPackages(root);
  return Promise.all(
    packages.map(async ({ type, name, version, arch }) => {
      const list =
        (await readTextInRoot(root, `${LISTS}/${name}.list`)) ??
        (await readTextInRoot(root, `${LISTS}/${name}:${arch}.list`)) ??
        '';
      const paths = list.split('\n').map((line) => line.replace(/^\/\.?/, ''));
      return { type, name, version, arch, paths: paths.filter(Boolean) };
    }),
  );
}
