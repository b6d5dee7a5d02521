import { constants } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { FactoryError, reasonOf } from '../../../common/errors/factory-error.ts';
import type { Host } from '../../../common/host/host.ts';
import type { Plugin } from '../plugin.ts';

type Parameters = Readonly<Record<string, unknown>>;

const TREE = '/proc/sys';

/**
 * `sysctl`: sets kernel parameters in the given order. A parameter that the kernel rejects does not stop the others. One that
 * does not exist is left to `modules` of the same step, which runs later and may load the module that it belongs to.
 *
 * @throws FactoryError `step` that lists the parameters that could not be set
 */
export const sysctlPlugin: Plugin<'sysctl'> = {
  key: 'sysctl',
  run: async ({ host, step }, parameters) => {
    const isLater = step.modules?.length ? await missingIn(host, parameters) : [];
    await setParameters(
      host,
      Object.entries(parameters).filter(([key]) => !isLater.includes(key)),
    );
  },
};

/** The parameters that the running kernel does not have. */
export async function missingIn(host: Host, parameters: Parameters): Promise<string[]> {
  const missing = await Promise.all(
    Object.keys(parameters).map(async (key) => {
      const path = sysctlPath(key);
      return path !== undefined && (await host.stat(path)) === undefined ? [key] : [];
    }),
  );
  return missing.flat();
}

/** Sets kernel parameters. @throws FactoryError `step` that lists the parameters that could not be set */
export async function setParameters(
  host: Host,
  parameters: readonly (readonly [string, unknown])[],
): Promise<void> {
  const problems: string[] = [];
  for (const [key, value] of parameters) {
    const path = sysctlPath(key);
    if (path === undefined) {
      problems.push(`${key}: not a valid parameter name`);
      continue;
    }
    try {
      // In place and without creating a file: /proc supports neither renames nor new files.
      await writeFile(host.resolve(path), `${value}\n`, { flag: constants.O_WRONLY | constants.O_TRUNC });
    } catch (error) {
      problems.push(`${key}: ${reasonOf(error)}`);
    }
  }
  if (problems.length > 0) {
    throw new FactoryError('STAGE_FAILED', `kernel parameters could not be set: ${problems.join('; ')}`, {
      remedy: 'Compare with "sysctl -a"; the parameters of a module exist only once it is loaded.',
    });
  }
}

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
