import type { Plugin } from '../plugin.ts';

/**
 * `datasource` (docs/contract.md 4.9): fetches the user data of this machine, unless it is present. `path` is the target
 * directory; for the provider `file` it is the file with the user data, as in upstream.
 *
 * @throws FactoryError `usage` when no provider is known, `step` when user data cannot be read or written
 */
export const datasourcePlugin: Plugin<'datasource'> = {
  key: 'datasource',
  run: async ({ host }, { providers = [], path }) => {
    const { pullDatasource } = await import('../../datasource/pull-datasource.ts');
    if (path !== undefined && path !== '' && providers.includes('file')) {
      await pullDatasource(
        host,
        providers.map((name) => (name === 'file' ? `file:${path}` : name)),
      );
    } else await pullDatasource(host, providers, path || undefined);
  },
};
