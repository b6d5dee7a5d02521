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
  run: async ({ host }, { refresh = false, upgrade = false, ...names }) => {
    const { install = [], remove = [] } = names;
    const flags = [...install, ...remove].filter((name) => name.startsWith('-'));
    const [added, removed] = [install, remove].map((list) => list.filter((name) => !flags.includes(name)));
    const wanted = [
      ...(refresh ? [(manager: PackageManager) => manager.refresh] : []),
      ...(upgrade ? [(manager: PackageManager) => manager.upgrade] : []),
      ...(added?.length ? [(manager: PackageManager) => [...manager.install, ...added]] : []),
      ...(removed?.length ? [(manager: PackageManager) => [...manager.remove, ...removed]] : []),
    ];
    if (wanted.length > 0) {
      const manager = await detectPackageManager(host);
      for (const argsOf of wanted) await host.run(manager.program, argsOf(manager), { env: manager.env });
    }
    if (flags.length === 0) return;
    throw new FactoryError('CLOUD_CONFIG_INVALID', `${flags.join(' ')}: not a package name`, {
      remedy: 'List only package names.',
    });
  },
};
