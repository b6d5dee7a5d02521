import { pullDatasource } from '../../datasource/pull-datasource.ts';
import type { Plugin } from '../plugin.ts';

/**
 * `datasource` (docs/contract.md 4.9): brings the user data of this machine, unless it is there already. `path` is the
 * directory for the result; for provider `file` alone it is the file that holds the user data, as in the field.
 *
 * @throws FactoryError `usage` when no provider is known, `step` when user data cannot be read or kept
 */
export const datasourcePlugin: Plugin<'datasource'> = {
  key: 'datasource',
  run: async ({ host }, { providers = [], path }) => {
    if (path !== undefined && path !== '' && providers.includes('file')) {
      await pullDatasource(
        host,
        providers.map((name) => (name === 'file' ? `file:${path}` : name)),
      );
    } else await pullDatasource(host, providers, path || undefined);
  },
};
