import { forEachEntry } from '../each-entry.ts';
import type { Plugin } from '../plugin.ts';
import { missingIn, setParameters } from './sysctl.ts';

/**
 * `modules`: loads kernel modules with one `modprobe`, and each module with parameters (`bonding mode=1`) with its own. A
 * missing module does not stop the others (modprobe(8), `--all`). Kernel parameters of the step that exist only now are set.
 *
 * @throws FactoryError `step` when a module cannot be loaded or a parameter cannot be set
 */
export const modulesPlugin: Plugin<'modules'> = {
  key: 'modules',
  run: async ({ host, step }, modules) => {
    const lines = modules.map((line) => line.trim().split(/\s+/));
    const plain = lines.flatMap(([name, ...parameters]) => (name && parameters.length === 0 ? [name] : []));
    // BusyBox supports only the short option.
    const runs = [
      ...(plain.length > 0 ? [['-a', ...plain]] : []),
      ...lines.filter((words) => words.length > 1),
    ];
    const parameters = step.sysctl ?? {};
    const late = await missingIn(host, parameters);
    const waiting = Object.entries(parameters).filter(([key]) => late.includes(key));
    await forEachEntry(
      [...runs.map((args) => () => host.run('modprobe', args)), () => setParameters(host, waiting)],
      (act) => act(),
    );
  },
};
