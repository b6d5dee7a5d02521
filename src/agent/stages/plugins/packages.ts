import { FactoryError } from '../../../common/errors/factory-error.ts';
import { detectPackageManager, type PackageManager } from '../../packages/package-manager.ts';
import type { Plugin } from '../plugin.ts';

/**
 * `packages`: refreshes, upgrades, installs and removes packages, in this order, with the package manager of the image.
 *
 * @throws FactoryError `usage` for an option among the names, `tool` without a supported package manager, `step` when it fails
 */
export const packagesPlugin: Plugin<'packages'> = {
  key: 'packages',
  run: async ({ host }, { refresh = false, upgrade = false, install = [], remove = [] }) => {
    const wanted = [
      ...(refresh ? [(manager: PackageManager) => manager.refresh] : []),
      ...(upgrade ? [(manager: PackageManager) => manager.upgrade] : []),
      ...(install.length > 0 ? [(manager: PackageManager) => [...manager.install, ...install]] : []),
      ...(remove.length > 0 ? [(manager: PackageManager) => [...manager.remove, ...remove]] : []),
    ];
    if (wanted.length === 0) return;
    const flag = [...install, ...remove].find((name) => name.startsWith('-'));
    if (flag !== undefined) {
      throw new FactoryError('CLOUD_CONFIG_INVALID', `${flag} is not a package name`, {
        remedy: 'List only package names.',
      });
    }
    const manager = await detectPackageManager(host);
    for (const argsOf of wanted) await host.run(manager.program, argsOf(manager), { env: manager.env });
  },
};
