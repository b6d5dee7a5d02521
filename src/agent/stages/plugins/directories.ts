import { FactoryError } from '../../../common/errors/factory-error.ts';
import { applyOwnership, ownershipOf } from '../../accounts/ownership.ts';
import { forEachEntry } from '../each-entry.ts';
import type { Plugin } from '../plugin.ts';

/**
 * `directories`: creates directories and their parents. An existing directory keeps its mode and owner unless the step sets
 * them.
 *
 * @throws FactoryError `usage` for an unknown owner, `step` when the path exists and is not a directory
 */
export const directoriesPlugin: Plugin<'directories'> = {
  key: 'directories',
  run: ({ host }, directories) =>
    forEachEntry(directories, async ({ path, ...owned }) => {
      const ownership = await ownershipOf(host, owned);
      const there = await host.stat(path);
      if (there !== undefined && there.kind !== 'directory') {
        throw new FactoryError('STAGE_FAILED', `${path} exists and is not a directory`, {
          remedy: 'Remove it, or choose another path.',
        });
      }
      if (there === undefined) await host.makeDirectory(path, ownership.mode);
      await applyOwnership(host, path, ownership);
      if (ownership.problem) throw ownership.problem;
    }),
};
