import type { BuildOptions } from '../pipeline/build-options.ts';
import { rememberLog } from './render-error.ts';
import { createProgressRenderer } from './render-progress.ts';

/** Runs a build that a command needs before its own work, and shows its progress. */
export function shownBuild<Made>(run: (options: BuildOptions) => Promise<Made>): Promise<Made> {
  const show = createProgressRenderer(process.stderr);
  return run({
    useCache: true,
    locked: false,
    offline: false,
    emit: show.onEvent,
    onLog: rememberLog,
  }).finally(() => show.close());
}
