import { constants } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import type { Plugin } from '../plugin.ts';

const TREE = '/proc/sys';

/**
 * `sysctl`: kernel parameters, written in the order in which they stand. One that the kernel refuses does
 * not keep the others from being set.
 *
 * @throws FactoryError `step` naming all that could not be set
 */
export const sysctlPlugin: Plugin<'sysctl'> = {
  key: 'sysctl',
  run: async ({ host }, parameters) => {
    const problems: string[] = [];
    for (const [key, value] of Object.entries(parameters)) {
      const path = sysctlPath(key);
      if (path === undefined) {
        problems.push(`${key}: this is no name of a parameter`);
        continue;
      }
      try {
        // In place and without creating anything: /proc knows neither a rename nor new files.
        await writeFile(host.resolve(path), `${value}\n`, { flag: constants.O_WRONLY | constants.O_TRUNC });
      } catch (error) {
        problems.push(`${key}: ${messageOf(error)}`);
      }
    }
    if (problems.length > 0) {
      throw new FactoryError('STAGE_FAILED', `kernel parameters cannot be set: ${problems.join('; ')}`, {
        remedy: 'Compare with "sysctl -a"; a parameter of a module is there once the module is loaded.',
      });
    }
  },
};

/**
 * The file of a parameter. Where its first separator is a dot, dots separate and slashes stand for dots
 * (`net.ipv4.conf.eth0/1.forwarding`); where it is a slash, the name is a path already (sysctl.d(5)). `undefined` for
 * what would leave the tree.
 */
export function sysctlPath(key: string): string | undefined {
  const path =
    /[./]/.exec(key)?.[0] === '/' ? key : key.replaceAll(/[./]/g, (sign) => (sign === '.' ? '/' : '.'));
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return undefined;
  return `${TREE}/${path}`;
}
