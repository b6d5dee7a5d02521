import { dirname } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { applyOwner, modeOf, ownerIds } from '../../accounts/ownership.ts';
import type { Plugin } from '../plugin.ts';

/**
 * `directories`: creates directories and their parents. An existing directory keeps its mode and owner unless the step sets
 * them.
 *
 * @throws FactoryError `usage` for an unknown owner, `step` when the path exists and is not a directory
 */
export const directoriesPlugin: Plugin<'directories'> = {
  key: 'directories',
  run: async ({ host }, directories) => {
    for (const { path, ...owned } of directories) {
      const owner = await ownerIds(host, owned);
      const mode = modeOf(owned.permissions);
      const there = await host.stat(path);
      if (there !== undefined && there.kind !== 'directory') {
        throw new FactoryError('STAGE_FAILED', `${path} exists and is not a directory`, {
          remedy: 'Remove it, or choose another path.',
        });
      }
      if (there === undefined) {
        // Parents get the default mode, whatever the mode of the directory itself.
        await host.makeDirectory(dirname(path));
        await host.makeDirectory(path, mode);
      } else if (mode !== undefined) {
        await host.chmod(path, mode);
      }
      await applyOwner(host, path, owner);
    }
  },
};
