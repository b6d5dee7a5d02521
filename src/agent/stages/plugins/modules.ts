import type { Plugin } from '../plugin.ts';

/**
 * `modules`: loads kernel modules, all by one `modprobe` but for those that carry parameters
 * (`bonding mode=1`). One that is not there does not keep the others from being loaded (modprobe(8), `--all`).
 *
 * @throws FactoryError `step` when one cannot be loaded
 */
export const modulesPlugin: Plugin<'modules'> = {
  key: 'modules',
  run: async ({ host }, modules) => {
    const lines = modules.map((line) => line.trim().split(/\s+/));
    const plain = lines.flatMap(([name, ...parameters]) => (name && parameters.length === 0 ? [name] : []));
    // BusyBox has the short option only.
    const runs = [
      ...(plain.length > 0 ? [['-a', ...plain]] : []),
      ...lines.filter((words) => words.length > 1),
    ];
    const results = await Promise.allSettled(runs.map((args) => host.run('modprobe', args)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  },
};
