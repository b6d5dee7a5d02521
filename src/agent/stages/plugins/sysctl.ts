import { constants } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import type { Plugin } from '../plugin.ts';

const TREE = '/proc/sys';

/**
 * `sysctl`: sets kernel parameters in the given order. A parameter that the kernel rejects does not stop the others.
 *
 * @throws FactoryError `step` that lists the parameters that could not be set
 */
export const sysctlPlugin: Plugin<'sysctl'> = {
  key: 'sysctl',
  run: async ({ host }, parameters) => {
    const problems: string[] = [];
    for (const [key, value] of Object.entries(parameters)) {
      const path = sysctlPath(key);
      if (path === undefined) {
        problems.push(`${key}: not a valid parameter name`);
        continue;
      }
      try {
        // In place and without creating a file: /proc supports neither renames nor new files.
        await writeFile(host.resolve(path), `${value}\n`, { flag: constants.O_WRONLY | constants.O_TRUNC });
      } catch (error) {
        problems.push(`${key}: ${messageOf(error)}`);
      }
    }
    if (problems.length > 0) {
      throw new FactoryError('STAGE_FAILED', `kernel parameters could not be set: ${problems.join('; ')}`, {
        remedy: 'Compare with "sysctl -a"; the parameters of a module exist only once it is loaded.',
      });
    }
  },
};

/**
 * The file of a parameter. If its first separator is a dot, dots separate and slashes stand for dots
 * (`net.ipv4.conf.eth0/1.forwarding`); if it is a slash, the name is a path (sysctl.d(5)). `undefined` for a path outside of
 * /proc/sys.
 */
export function sysctlPath(key: string): string | undefined {
  const path =
    /[./]/.exec(key)?.[0] === '/' ? key : key.replaceAll(/[./]/g, (sign) => (sign === '.' ? '/' : '.'));
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return undefined;
  return `${TREE}/${path}`;
}
