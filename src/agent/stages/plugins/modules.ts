import type { Plugin } from '../plugin.ts';

/**
 * `modules`: loads kernel modules with one `modprobe`, and each module with parameters (`bonding mode=1`) with its own. A
 * missing module does not stop the others (modprobe(8), `--all`).
 *
 * @throws FactoryError `step` when a module cannot be loaded
 */
export const modulesPlugin: Plugin<'modules'> = {
  key: 'modules',
  run: async ({ host }, modules) => {
    const lines = modules.map((line) => line.trim().split(/\s+/));
    const plain = lines.flatMap(([name, ...parameters]) => (name && parameters.length === 0 ? [name] : []));
    // BusyBox supports only the short option.
    const runs = [
      ...(plain.length > 0 ? [['-a', ...plain]] : []),
      ...lines.filter((words) => words.length > 1),
    ];
    const results = await Promise.allSettled(runs.map((args) => host.run('modprobe', args)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  },
};
